/* "Did you mean …?": the word of a list that is nearest to a misspelt one. */
#pragma once

/* words: NULL-terminated. NULL when none is near (more than a third of the letters differ). */
const char *nearest_word(const char *word, const char *const *words);
