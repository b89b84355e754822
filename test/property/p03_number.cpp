/* P3: what is taken as a phone number is one, and comes out as the library that knows every
 * numbering plan says, though the library is asked only for beginnings not met before. Numbers of
 * all countries in all forms, mostly alike but for their last digits, so that what was said of one
 * is used for the next; each is held against the library itself, and against a parser that has met
 * nothing yet. */
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>

#include <cstring>
#include <ctime>
#include <set>
#include <string>
#include <vector>

#include "phone/number.h"
#include "phone/number_plan.h"

extern "C" {
#include "base/rng.h"
}

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

static uint64_t seed, cases = 40000, wrong, valid, short_cuts;

/* A number that exists, or something near. */
static std::string example(struct rng *r, const std::string &region, PhoneNumber *n)
{
    const PhoneNumberUtil &library = *PhoneNumberUtil::GetInstance();
    auto kind = (PhoneNumberUtil::PhoneNumberType)rng_below(r, 10);
    std::string national;

    if (!library.GetExampleNumberForType(region, kind, n) && !library.GetExampleNumber(region, n))
        return "";
    library.GetNationalSignificantNumber(*n, &national);
    return national;
}

/* As it is written at home, abroad, or by a spreadsheet; with a slip now and then. */
static std::string written(struct rng *r, const PhoneNumber &n, const std::string &national)
{
    static const char *const prefixes[] = {"",     "0",   "1",  "8",   "06",  "00", "011",
                                           "0011", "010", "01", "810", "013", "9",  "44"};
    std::string code = std::to_string(n.country_code());

    switch (rng_below(r, 8)) {
    case 0:
    case 1:
        return "+" + code + national;
    case 2:
        return code + national;
    case 3:
        return "0" + national;
    case 4:
        return "+" + code + "0" + national;
    case 5:
        return national;
    case 6:
        return prefixes[rng_below(r, 14)] + code + national;
    default:
        return prefixes[rng_below(r, 14)] + national;
    }
}

static void compare(struct number_parser *p, const std::string &text, const std::string &region)
{
    const PhoneNumberUtil &library = *PhoneNumberUtil::GetInstance();
    struct number ours = {}, anew = {};
    struct number_parser *fresh;
    std::string asked = text, expected;
    PhoneNumber n;

    if (number_parser_new(&fresh))
        abort();
    number_fault fault = number_parse(p, text.c_str(), text.size(), region.c_str(), &ours);
    number_fault direct = number_parse(fresh, text.c_str(), text.size(), region.c_str(), &anew);

    number_parser_free(fresh);
    /* "00" is abroad everywhere here; the library follows each country's own habit. */
    if (text.compare(0, 2, "00") == 0)
        asked = "+" + text.substr(2);
    bool good = library.Parse(asked, region, &n) == PhoneNumberUtil::NO_PARSING_ERROR &&
                library.IsValidNumber(n);

    if (good)
        library.Format(n, PhoneNumberUtil::E164, &expected);
    good = good && expected.size() <= 1 + 15; /* E.164; the library knows longer extensions */
    valid += good;
    short_cuts += number_deciding_digits(asked.c_str(), region.c_str()) >= 0;
    if (good == (fault == NUMBER_OK) && (!good || expected == ours.e164) && fault == direct &&
        (fault || (strcmp(ours.e164, anew.e164) == 0 && strcmp(ours.region, anew.region) == 0 &&
                   ours.kind == anew.kind && ours.repaired == anew.repaired)))
        return;
    if (++wrong <= 10)
        printf("# \"%s\" in %s: here %s (%s %s), anew %s (%s %s), the library %s\n", text.c_str(),
               region.c_str(), fault ? number_fault_text(fault) : ours.e164,
               number_kind_name(ours.kind), ours.region,
               direct ? number_fault_text(direct) : anew.e164, number_kind_name(anew.kind),
               anew.region, good ? expected.c_str() : "or E.164 refuses");
}

/* One beginning, several ends. */
static void check(struct number_parser *p, struct rng *r, const std::vector<std::string> &regions)
{
    std::string home = regions[rng_below(r, regions.size())], text;
    std::string at = rng_below(r, 3) ? home : regions[rng_below(r, regions.size())];
    PhoneNumber n;
    std::string national = example(r, home, &n);

    if (national.empty())
        return;
    text = written(r, n, national);
    for (size_t kept = text.size(), i = 0; i < 5; i++) {
        /* The number itself, then others that differ from some digit on. */
        if (i > 0)
            kept = text.size() - 1 - rng_below(r, text.size() > 8 ? 8 : text.size());
        for (size_t k = kept; k < text.size(); k++)
            if (text[k] >= '0' && text[k] <= '9')
                text[k] = (char)('0' + rng_below(r, 10));
        compare(p, text, at);
    }
    if (rng_below(r, 4) == 0) { /* of another length */
        text += (char)('0' + rng_below(r, 10));
        compare(p, text, at);
    }
}

int main()
{
    const char *given = getenv("PROP_SEED"), *times = getenv("PROP_CASES");
    std::set<std::string> known;
    struct number_parser *p;
    struct rng r;

    seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
    cases = times ? strtoull(times, NULL, 0) : cases;
    rng_seed(&r, seed);
    if (number_parser_new(&p))
        return 1;
    PhoneNumberUtil::GetInstance()->GetSupportedRegions(&known);
    std::vector<std::string> regions(known.begin(), known.end());

    for (uint64_t i = 0; i < cases / 5; i++)
        check(p, &r, regions);
    number_parser_free(p);
    printf("# seed 0x%llx, %llu valid, %llu differ, %llu decided by their beginning\n",
           (unsigned long long)seed, (unsigned long long)valid, (unsigned long long)wrong,
           (unsigned long long)short_cuts);
    printf("%s 1 - P3 numbers as the library says\n1..1\n",
           wrong == 0 && valid > cases / 6 && short_cuts > cases / 3 ? "ok" : "not ok");
    return wrong != 0;
}
