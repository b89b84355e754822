/* For population_schema.py: reads populations, one JSON text a line, and prints "good" or the fault
 * of each. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "line/carrier/population.h"

int main(void)
{
    static char line[1 << 20];

    while (fgets(line, sizeof(line), stdin)) {
        struct error err = {0};
        struct population *p = NULL;
        json_t *root = NULL;
        char text[1024];
        int rc = json_load_text(line, strlen(line), "population", &root, &err);

        if (!rc)
            rc = population_load(root, "population", &p, &err);
        error_text(&err, text, sizeof(text));
        puts(rc ? text : "good");
        population_free(p);
        json_decref(root);
    }
    return 0;
}
