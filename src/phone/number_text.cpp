/* What people and spreadsheets write, to digits. See number.h for what is understood. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <string>

#include "phone/number_text.h"

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
        /* Arabic digits, both rows. */
        if (len - i >= 2 && ((s[i] == 0xd9 && s[i + 1] >= 0xa0 && s[i + 1] <= 0xa9) ||
                             (s[i] == 0xdb && s[i + 1] >= 0xb0 && s[i + 1] <= 0xb9))) {
            *out += (char)('0' + (s[i + 1] & 0x0f));
            i += 2;
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

number_fault number_clean(const char *text, size_t len, char out[NUMBER_DIGITS_MAX + 2],
                          bool *spoiled)
{
    std::string digits;
    number_fault fault = clean(text, len, &digits, spoiled);

    if (!fault && digits.size() > NUMBER_DIGITS_MAX + 1)
        fault = NUMBER_TOO_LONG;
    if (!fault)
        memcpy(out, digits.c_str(), digits.size() + 1);
    return fault;
}
