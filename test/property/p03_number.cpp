/* P3: what is taken as a phone number is one, and comes out as the library that knows every
 * numbering plan says, though the library is asked only for shapes not met before. Random digits of
 * many countries in many forms, each held against the library itself. */
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>

#include <cstring>
#include <ctime>
#include <string>

#include "phone/number.h"

extern "C" {
#include "base/rng.h"
}

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

static uint64_t seed, cases = 60000, wrong, valid;

/* A number that exists with another last part, or any digits. */
static std::string random_number(struct rng *r, const char *region)
{
    const PhoneNumberUtil &library = *PhoneNumberUtil::GetInstance();
    PhoneNumber example;
    std::string text;

    if (rng_below(r, 5) == 0 ||
        !library.GetExampleNumberForType(region, (PhoneNumberUtil::PhoneNumberType)rng_below(r, 6),
                                         &example)) {
        for (uint64_t n = 4 + rng_below(r, 10); n > 0; n--)
            text += (char)('0' + rng_below(r, 10));
        return text;
    }
    library.Format(example, rng_below(r, 2) ? PhoneNumberUtil::E164 : PhoneNumberUtil::NATIONAL,
                   &text);
    for (size_t i = text.size() - rng_below(r, text.size() + 1); i < text.size(); i++)
        if (text[i] >= '0' && text[i] <= '9')
            text[i] = (char)('0' + rng_below(r, 10));
    return text;
}

static void check(struct number_parser *p, struct rng *r)
{
    static const char *const regions[] = {"IL", "US", "GB", "FR", "DE", "BR", "IN", "AU"};
    const PhoneNumberUtil &library = *PhoneNumberUtil::GetInstance();
    const char *region = regions[rng_below(r, 8)];
    std::string text = random_number(r, region), expected;
    PhoneNumber n;
    struct number ours = {};
    number_fault fault = number_parse(p, text.c_str(), text.size(), region, &ours);
    size_t zeros = text.find_first_of("0123456789+");
    std::string asked = text;
    bool good;

    /* "00" is abroad everywhere here; the library follows each country's own habit. */
    if (zeros != std::string::npos && text.compare(zeros, 2, "00") == 0)
        asked = "+" + text.substr(zeros + 2);
    good = library.Parse(asked, region, &n) == PhoneNumberUtil::NO_PARSING_ERROR &&
           library.IsValidNumber(n);

    if (good)
        library.Format(n, PhoneNumberUtil::E164, &expected);
    good = good && expected.size() <= 1 + 15; /* E.164; the library knows longer extensions */
    valid += good;
    if (good == (fault == NUMBER_OK) && (!good || expected == ours.e164))
        return;
    if (++wrong <= 10)
        printf("# \"%s\" in %s: here %s, the library %s\n", text.c_str(), region,
               fault ? number_fault_text(fault) : ours.e164,
               good ? expected.c_str() : "or E.164 refuses");
}

int main()
{
    const char *given = getenv("PROP_SEED");
    struct number_parser *p;
    struct rng r;

    seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
    rng_seed(&r, seed);
    if (number_parser_new(&p))
        return 1;
    for (uint64_t i = 0; i < cases; i++)
        check(p, &r);
    number_parser_free(p);
    printf("# seed 0x%llx, %llu valid, %llu differ\n", (unsigned long long)seed,
           (unsigned long long)valid, (unsigned long long)wrong);
    printf("%s 1 - P3 numbers as the library says\n1..1\n",
           wrong == 0 && valid > cases / 5 ? "ok" : "not ok");
    return wrong != 0;
}
