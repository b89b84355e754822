/* The words of the reports that people read (workbook's summary, PDF), in English and Hebrew. */
#pragma once

#include <stdbool.h>

#include "store/model.h"

enum report_language { REPORT_ENGLISH, REPORT_HEBREW, REPORT_LANGUAGES };

#define REPORT_WORDS(X)                                              \
    X(SUMMARY, "Summary", "סיכום")                                   \
    X(FIGURE, "Figure", "נתון")                                      \
    X(VALUE, "Value", "ערך")                                         \
    X(SHARE, "Share", "שיעור")                                       \
    X(REPORT, "Campaign report", "דוח קמפיין")                       \
    X(CAMPAIGN, "Campaign", "קמפיין")                                \
    X(STATE, "State", "מצב")                                         \
    X(STARTED, "Started", "התחלה")                                   \
    X(ENDED, "Ended", "סיום")                                        \
    X(MADE, "Report made", "הדוח הופק")                              \
    X(TIMES_IN, "Times are in", "השעות לפי")                         \
    X(PEOPLE, "People", "אנשים")                                     \
    X(REACHED, "Reached", "הושגו")                                   \
    X(CALLS, "Calls", "שיחות")                                       \
    X(ANSWERED, "Answered", "נענו")                                  \
    X(PRESSED, "Pressed a key", "הקישו")                             \
    X(TEXTS, "Texts", "מסרונים")                                     \
    X(OPT_OUTS, "Opted out", "ביקשו הסרה")                           \
    X(TALK, "Talk time (minutes)", "זמן שיחה (דקות)")                \
    X(SETUP, "Mean time to answer (s)", "זמן ממוצע עד מענה (שניות)") \
    X(COST, "Cost", "עלות")                                          \
    X(PEOPLE_BY, "What became of the people", "מה עלה בגורל האנשים") \
    X(CALLS_BY, "How calls ended", "איך הסתיימו השיחות")             \
    X(BY_HOUR, "Calls by hour of the day", "שיחות לפי שעה ביום")     \
    X(BY_NODE, "Steps of the call", "שלבי השיחה")                    \
    X(STEP, "Step", "שלב")                                           \
    X(KIND, "Kind", "סוג")                                           \
    X(KEYS, "Keys", "הקשות")                                         \
    X(WRONG, "Wrong keys", "הקשות שגויות")                           \
    X(SILENT, "Silences", "שתיקות")                                  \
    X(PAGE, "Page", "עמוד")

enum report_word {
#define X(id, en, he) WORD_##id,
    REPORT_WORDS(X)
#undef X
        WORD_COUNT
};

/* "en", "he"; -1 for others. */
int report_language_from_name(const char *name);
bool report_right_to_left(enum report_language l);
const char *report_word(enum report_language l, enum report_word w);
const char *report_target_text(enum report_language l, enum target_state s);
const char *report_disposition_text(enum report_language l, enum disposition d);
const char *report_state_text(enum report_language l, enum campaign_state s);
