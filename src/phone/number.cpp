/* Phone numbers through libphonenumber, behind the C interface of number.h. The library costs tens
 * of microseconds a number; what it says depends on a number's first digits and its length, so each
 * parser keeps what it said by those and asks it only for shapes it has not met. */
#include "phone/number.h"

#include <errno.h>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <new>
#include <set>
#include <string>
#include <unordered_map>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace
{

enum { DIGITS_MAX = 17, E164_MAX = 15, CACHE_MAX = 200000 };

/* What the library said of a shape: how its digits become E.164. */
struct shape {
    number_fault fault;
    number_kind kind;
    char region[3];
    bool repaired;
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

/* ---- what people and spreadsheets write ----------------------------------------------------- */

/* Bytes of a mark that means nothing in a number (direction marks, odd spaces and dashes), 0: none.
 */
static size_t mark(const unsigned char *s, size_t len)
{
    if (len >= 2 && s[0] == 0xc2 && (s[1] == 0xa0 || s[1] == 0xad))
        return 2;
    if (len >= 3 && s[0] == 0xe2 &&
        ((s[1] == 0x80 && (s[2] >= 0x80 && s[2] <= 0xaf)) || (s[1] == 0x81 && s[2] >= 0xa0)))
        return 3;
    if (len >= 3 && s[0] == 0xe2 && s[1] == 0x88 && s[2] == 0x92) /* minus sign */
        return 3;
    if (len >= 3 && s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf)
        return 3;
    return 0;
}

/* Leaves characters that count; tells letters and the like by false. */
static bool squeeze(const char *text, size_t len, std::string *out)
{
    const unsigned char *s = (const unsigned char *)text;

    for (size_t i = 0; i < len;) {
        size_t n = mark(s + i, len - i);

        if (n) {
            i += n;
            continue;
        }
        /* Full-width digits and plus, of East Asian keyboards. */
        if (len - i >= 3 && s[i] == 0xef && s[i + 1] == 0xbc &&
            ((s[i + 2] >= 0x90 && s[i + 2] <= 0x99) || s[i + 2] == 0x8b)) {
            *out += (char)(s[i + 2] - 0x60);
            i += 3;
            continue;
        }
        if (s[i] >= 0x80)
            return false;
        if (!strchr(" \t\r\n-()/'\"", s[i]))
            *out += (char)s[i];
        i++;
    }
    return true;
}

/* 9.72501234567E+11 is whole, 9.72E+11 has lost its digits. */
static number_fault unfold_exponent(std::string *s)
{
    size_t e = s->find_first_of("eE");
    std::string mantissa = s->substr(0, e), digits;
    char *end;
    long exponent = strtol(s->c_str() + e + 1, &end, 10), places = 0;
    bool point = false;

    if (*end || end == s->c_str() + e + 1 || exponent < 0 || exponent > 20)
        return NUMBER_NOT_A_NUMBER;
    for (char c : mantissa) {
        if (c == '.' || c == ',') {
            if (point)
                return NUMBER_NOT_A_NUMBER;
            point = true;
        } else if (c >= '0' && c <= '9') {
            digits += c;
            places += point;
        } else {
            return NUMBER_NOT_A_NUMBER;
        }
    }
    if (digits.empty())
        return NUMBER_NOT_A_NUMBER;
    if (places < exponent - 1) /* a whole number may end in one zero by chance, not in several */
        return NUMBER_DIGITS_LOST;
    if (places > exponent)
        return NUMBER_NOT_A_NUMBER;
    digits.append((size_t)(exponent - places), '0');
    *s = digits;
    return NUMBER_OK;
}

static bool is_day(int year, int month, int day)
{
    return year >= 1900 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* 2024-05-01, 1/5/2024, 1.5.2024, with a time or without: as digits alone it may be a number that
 * belongs to somebody. */
static bool is_date(const std::string &text)
{
    size_t mark = text.find_first_of("-/.");
    int a, b, c, end = 0;
    char first, second;

    if (mark == std::string::npos || mark == 0 || mark == 3 || mark > 4)
        return false;
    if (sscanf(text.c_str(), "%4d%c%2d%c%2d%n", &a, &first, &b, &second, &c, &end) == 5 &&
        first == second && strchr("-/.", first) && is_day(a, b, c))
        return text[end] == '\0' || text[end] == ' ' || text[end] == 'T';
    end = 0;
    return sscanf(text.c_str(), "%2d%c%2d%c%4d%n", &a, &first, &b, &second, &c, &end) == 5 &&
           first == second && strchr("-/.", first) && (is_day(c, b, a) || is_day(c, a, b)) &&
           (text[end] == '\0' || text[end] == ' ');
}

/* "501,234,567": a spreadsheet showed it as an amount. */
static bool is_amount(const std::string &s)
{
    size_t first = s.find(','), digits = 0;

    if (first == std::string::npos || first == 0 || first > 3)
        return false;
    for (size_t i = 0; i < s.size(); i++) {
        if (s[i] == ',' ? i != first && digits != 3 : s[i] < '0' || s[i] > '9')
            return false;
        digits = s[i] == ',' ? 0 : digits + 1;
    }
    return digits == 3;
}

/* To digits, with a leading "+" perhaps. */
static number_fault clean(const char *text, size_t len, std::string *out, bool *spoiled)
{
    std::string s;

    if (is_date(std::string(text, len)))
        return NUMBER_DATE;
    if (!squeeze(text, len, &s))
        return NUMBER_NOT_A_NUMBER;
    if (strncasecmp(s.c_str(), "tel:", 4) == 0)
        s.erase(0, 4);
    if (s.empty())
        return NUMBER_EMPTY;
    if (s[0] >= '0' && s[0] <= '9' && s.find_first_of("eE") != std::string::npos) {
        number_fault fault = unfold_exponent(&s);

        if (fault)
            return fault;
        *spoiled = true;
    }
    if (is_amount(s)) {
        s.erase(std::remove(s.begin(), s.end(), ','), s.end());
        *spoiled = true;
    }
    size_t point = s.find('.');

    if (point != std::string::npos && s.find_first_not_of('0', point + 1) == std::string::npos &&
        point + 1 < s.size() && s.size() - point <= 3) {
        s.erase(point);
        *spoiled = true;
    }
    if (s.compare(0, 2, "00") == 0)
        s = "+" + s.substr(2);
    for (size_t i = 0; i < s.size(); i++) {
        if (s[i] == '.' || (s[i] == '+' && !out->empty()))
            continue;
        if (!(s[i] >= '0' && s[i] <= '9') && s[i] != '+')
            return NUMBER_NOT_A_NUMBER;
        *out += s[i];
    }
    if (*out == "+")
        return NUMBER_NOT_A_NUMBER;
    return NUMBER_OK;
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
    s.strip = (int)(raw - same);
    if (e164.size() - 1 - same >= sizeof(s.prefix) || e164.size() >= NUMBER_TEXT_MAX) {
        s.fault = NUMBER_NOT_IN_USE;
        return s;
    }
    snprintf(s.prefix, sizeof(s.prefix), "%s", e164.substr(1, e164.size() - 1 - same).c_str());
    return s;
}

/* First digits (six beyond the country code), length and region: what the library's answer hangs
 * on. */
static std::string shape_key(const std::string &digits, const char *region)
{
    size_t first = digits[0] == '+' ? 10 : digits.size() > 10 ? 9 : 7;

    return std::string(region) + (char)digits.size() + digits.substr(0, first);
}

enum number_fault number_parse(struct number_parser *p, const char *text, size_t len,
                               const char *region, struct number *out)
{
    std::string digits;
    bool spoiled = false;
    number_fault fault = clean(text, len, &digits, &spoiled);

    if (fault)
        return fault;
    if (digits.size() > DIGITS_MAX + 1)
        return NUMBER_TOO_LONG;
    std::string key = shape_key(digits, region);
    auto found = p->cache.find(key);

    if (found == p->cache.end()) {
        if (p->cache.size() >= CACHE_MAX)
            p->cache.clear();
        found = p->cache.emplace(key, ask(digits, region)).first;
    }
    const shape &s = found->second;

    if (s.fault)
        return s.fault;
    snprintf(out->e164, sizeof(out->e164), "+%s%s", s.prefix, digits.c_str() + s.strip);
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
