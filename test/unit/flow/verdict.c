/* For schema.py: reads flows, one JSON text a line, and prints "good" or the fault of each. */
#include <stdio.h>
#include <string.h>

#include "flow/flow.h"

int main(void)
{
    static char line[1 << 20];

    while (fgets(line, sizeof(line), stdin)) {
        struct error err = {0};
        struct flow *f = NULL;
        json_t *root = NULL;
        struct json_at at;
        char text[1024];
        int rc = json_load_text(line, strlen(line), "flow", &root, &err);

        at = json_root(root, NULL);
        if (!rc)
            rc = flow_load(&at, &f, &err);
        error_text(&err, text, sizeof(text));
        puts(rc ? text : "good");
        flow_free(f);
        json_decref(root);
    }
    return 0;
}
