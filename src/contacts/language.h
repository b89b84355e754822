/* Languages as people write them in lists. */
#pragma once

/* "he" for Hebrew, עברית, he-IL …; text itself when it is not one that is known here. */
const char *language_code(const char *text);
