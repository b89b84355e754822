/* Phone numbers through libphonenumber, behind the C interface of number.h. The library costs tens
 * of microseconds a number; what it says depends on a number's first digits and its length, so each
 * parser keeps what it said by those and asks it only for shapes it has not met. How many digits
 * are enough is known for each beginning from the library's own data (number_plan.h); where that is
 * not simple it is asked each time. */
#include "phone/number.h"

#include <errno.h>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>
#include <stdlib.h>
#include <string.h>

#include <new>
#include <set>
#include <string>
#include <unordered_map>

#include "phone/number_plan.h"
#include "phone/number_text.h"

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace
{

enum { E164_MAX = 15, CACHE_MAX = 50000 };

/* What the library said of a shape: how its digits become E.164. */
struct shape {
    number_fault fault;
    number_kind kind;
    char region[3];
    bool repaired;
    bool whole;     /* what stays is all of the national number */
    int strip;      /* leading digits that fall away */
    char prefix[8]; /* what comes before the rest, without "+" */
};

} // namespace

struct number_parser {
    std::unordered_map<std::string, shape> cache;
};

static PhoneNumberUtil &library()
{
    return *PhoneNumberUtil::GetInstance();
}

int number_parser_new(struct number_parser **out)
{
    number_parser *p = new (std::nothrow) number_parser;

    if (!p)
        return -ENOMEM;
    *out = p;
    return 0;
}

void number_parser_free(struct number_parser *p)
{
    delete p;
}

/* ---- the library --------------------------------------------------------------------------------
 */

static number_kind kind_of(const PhoneNumber &n)
{
    switch (library().GetNumberType(n)) {
    case PhoneNumberUtil::MOBILE:
    case PhoneNumberUtil::FIXED_LINE_OR_MOBILE:
        return NUMBER_KIND_MOBILE;
    case PhoneNumberUtil::FIXED_LINE:
        return NUMBER_KIND_LANDLINE;
    case PhoneNumberUtil::VOIP:
        return NUMBER_KIND_VOIP;
    case PhoneNumberUtil::TOLL_FREE:
        return NUMBER_KIND_TOLL_FREE;
    case PhoneNumberUtil::PREMIUM_RATE:
        return NUMBER_KIND_PREMIUM;
    case PhoneNumberUtil::UNKNOWN:
        return NUMBER_KIND_UNKNOWN;
    default:
        return NUMBER_KIND_OTHER;
    }
}

static number_fault fault_of(const PhoneNumber &n)
{
    if (library().IsValidNumber(n)) /* a few short ones are: +1 310 5683 */
        return NUMBER_OK;
    switch (library().IsPossibleNumberWithReason(n)) {
    case PhoneNumberUtil::INVALID_COUNTRY_CODE:
        return NUMBER_BAD_COUNTRY;
    case PhoneNumberUtil::TOO_SHORT:
    case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY:
        return NUMBER_TOO_SHORT;
    case PhoneNumberUtil::TOO_LONG:
        return NUMBER_TOO_LONG;
    case PhoneNumberUtil::INVALID_LENGTH:
        return NUMBER_NOT_IN_USE;
    default:
        return NUMBER_NOT_IN_USE;
    }
}

static number_fault fault_of_error(PhoneNumberUtil::ErrorType e)
{
    switch (e) {
    case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
        return NUMBER_BAD_COUNTRY;
    case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
    case PhoneNumberUtil::TOO_SHORT_NSN:
        return NUMBER_TOO_SHORT;
    case PhoneNumberUtil::TOO_LONG_NSN:
        return NUMBER_TOO_LONG;
    default:
        return NUMBER_NOT_A_NUMBER;
    }
}

/* A national prefix that is usual and was not written: a spreadsheet took it for a number. */
static bool lost_zero(const std::string &digits, const std::string &national, const char *region)
{
    std::string prefix;

    if (digits != national)
        return false;
    library().GetNddPrefixForRegion(region, true, &prefix);
    return prefix == "0";
}

static shape ask(const std::string &digits, const char *region)
{
    PhoneNumber n;
    std::string e164, national, code;
    shape s = {};
    PhoneNumberUtil::ErrorType error = library().Parse(digits, region, &n);
    size_t same = 0, raw;

    if (error != PhoneNumberUtil::NO_PARSING_ERROR) {
        s.fault = fault_of_error(error);
        return s;
    }
    s.fault = fault_of(n);
    if (s.fault)
        return s;
    library().Format(n, PhoneNumberUtil::E164, &e164);
    if (e164.size() - 1 > E164_MAX) { /* some countries' plans go beyond, no trunk does */
        s.fault = NUMBER_TOO_LONG;
        return s;
    }
    library().GetNationalSignificantNumber(n, &national);
    library().GetRegionCodeForNumber(n, &code);
    s.kind = kind_of(n);
    snprintf(s.region, sizeof(s.region), "%s", code.size() == 2 ? code.c_str() : "ZZ");
    s.repaired = lost_zero(digits, national, region);
    /* The end they have in common is kept, the rest is what the shape changes. */
    raw = digits.size();
    while (same < raw && same < e164.size() - 1 &&
           digits[raw - 1 - same] == e164[e164.size() - 1 - same] && same < national.size())
        same++;
    s.whole = same == national.size();
    s.strip = (int)(raw - same);
    if (e164.size() - 1 - same >= sizeof(s.prefix) || e164.size() >= NUMBER_TEXT_MAX) {
        s.fault = NUMBER_NOT_IN_USE;
        return s;
    }
    snprintf(s.prefix, sizeof(s.prefix), "%s", e164.substr(1, e164.size() - 1 - same).c_str());
    return s;
}

/* What was said of a number with the same length and the same first digits, else what is said now.
 */
static shape known(struct number_parser *p, const std::string &digits, const char *region)
{
    int first = number_deciding_digits(digits.c_str(), region);
    shape s;

    if (first < 0)
        return ask(digits, region);
    std::string key = (char)digits.size() + digits.substr(0, (size_t)first);

    if (digits[0] != '+')
        key += region;
    auto found = p->cache.find(key);

    if (found != p->cache.end())
        return found->second;
    s = ask(digits, region);
    if (p->cache.size() >= CACHE_MAX)
        p->cache.clear();
    if (s.fault || s.whole)
        p->cache.emplace(key, s);
    return s;
}

enum number_fault number_parse(struct number_parser *p, const char *text, size_t len,
                               const char *region, struct number *out)
{
    char digits[NUMBER_DIGITS_MAX + 2];
    bool spoiled = false;
    number_fault fault = number_clean(text, len, digits, &spoiled);
    shape s;

    if (fault)
        return fault;
    s = known(p, digits, region);
    if (s.fault)
        return s.fault;
    snprintf(out->e164, sizeof(out->e164), "+%s%s", s.prefix, digits + s.strip);
    out->key = strtoull(out->e164 + 1, NULL, 10);
    memcpy(out->region, s.region, sizeof(out->region));
    out->kind = s.kind;
    out->repaired = s.repaired || spoiled;
    return NUMBER_OK;
}

bool number_region_known(const char *region)
{
    std::set<std::string> regions;

    library().GetSupportedRegions(&regions);
    return regions.count(region) > 0;
}

/* ---- words --------------------------------------------------------------------------------------
 */

const char *number_fault_text(enum number_fault fault)
{
    switch (fault) {
    case NUMBER_OK:
        return "right";
    case NUMBER_EMPTY:
        return "no phone number";
    case NUMBER_NOT_A_NUMBER:
        return "not a phone number";
    case NUMBER_TOO_SHORT:
        return "too short for a phone number";
    case NUMBER_TOO_LONG:
        return "too long for a phone number";
    case NUMBER_BAD_COUNTRY:
        return "unknown country code";
    case NUMBER_NOT_IN_USE:
        return "no such number range";
    case NUMBER_DATE:
        return "a date, not a phone number";
    case NUMBER_DIGITS_LOST:
        return "digits lost by the spreadsheet (format the column as text)";
    }
    return "?";
}

const char *number_kind_name(enum number_kind kind)
{
    static const char *const names[] = {"unknown",   "mobile",  "landline", "voip",
                                        "toll_free", "premium", "other"};

    return names[kind];
}

void number_format(uint64_t key, char out[NUMBER_TEXT_MAX])
{
    snprintf(out, NUMBER_TEXT_MAX, "+%llu", (unsigned long long)key);
}
