#include "report/words.h"

#include <string.h>

static const char *const words[WORD_COUNT][REPORT_LANGUAGES] = {
#define X(id, en, he) {en, he},
    REPORT_WORDS(X)
#undef X
};

static const char *const targets_he[TARGET_STATE_COUNT] = {
    [TARGET_STATE_WAITING] = "ממתינים לשיחה",
    [TARGET_STATE_CLAIMED] = "בשיחה כעת",
    [TARGET_STATE_REACHED] = "הושגו",
    [TARGET_STATE_EXHAUSTED] = "לא נענו, נגמרו הניסיונות",
    [TARGET_STATE_REFUSED] = "סירבו או מספר לא קיים",
    [TARGET_STATE_BLACKLISTED] = "ברשימת אל־תתקשרו",
    [TARGET_STATE_REMOVED] = "הוסרו (הייבוא בוטל)",
};

static const char *const dispositions_he[DISPOSITION_COUNT] = {
    [DISPOSITION_NONE] = "לא הסתיימה",
    [DISPOSITION_ANSWERED] = "נענתה",
    [DISPOSITION_BUSY] = "תפוס",
    [DISPOSITION_NO_ANSWER] = "אין מענה",
    [DISPOSITION_REJECTED] = "נדחתה",
    [DISPOSITION_MACHINE] = "משיבון",
    [DISPOSITION_INVALID_NUMBER] = "מספר לא מחובר",
    [DISPOSITION_CONGESTION] = "עומס ברשת",
    [DISPOSITION_FAILED] = "נכשלה",
    [DISPOSITION_CANCELLED] = "הופסקה בידי המפעיל",
    [DISPOSITION_INTERRUPTED] = "נקטעה בהפעלה מחדש",
    [DISPOSITION_BLACKLISTED] = "ברשימת אל־תתקשרו",
    [DISPOSITION_OUTSIDE_WINDOW] = "מחוץ לשעות המותרות",
};

static const char *const states_he[CAMPAIGN_STATE_COUNT] = {
    [CAMPAIGN_STATE_DRAFT] = "טיוטה",     [CAMPAIGN_STATE_SCHEDULED] = "מתוזמן",
    [CAMPAIGN_STATE_RUNNING] = "פעיל",    [CAMPAIGN_STATE_PAUSED] = "מושהה",
    [CAMPAIGN_STATE_COMPLETED] = "הושלם", [CAMPAIGN_STATE_CANCELLED] = "בוטל",
    [CAMPAIGN_STATE_FAILED] = "נכשל",
};

int report_language_from_name(const char *name)
{
    return strcmp(name, "en") == 0 ? REPORT_ENGLISH : strcmp(name, "he") == 0 ? REPORT_HEBREW : -1;
}

bool report_right_to_left(enum report_language l)
{
    return l == REPORT_HEBREW;
}

const char *report_word(enum report_language l, enum report_word w)
{
    return words[w][l];
}

const char *report_target_text(enum report_language l, enum target_state s)
{
    return l == REPORT_HEBREW && targets_he[s] ? targets_he[s] : target_state_text(s);
}

const char *report_disposition_text(enum report_language l, enum disposition d)
{
    return l == REPORT_HEBREW && dispositions_he[d] ? dispositions_he[d] : disposition_text(d);
}

const char *report_state_text(enum report_language l, enum campaign_state s)
{
    return l == REPORT_HEBREW ? states_he[s] : campaign_state_name(s);
}
