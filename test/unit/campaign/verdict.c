/* For schema.py: reads campaigns, one JSON text a line, and prints "good" or the fault of each.
 * Usage: verdict FOLDER, which flow_file is relative to. */
#include <stdio.h>

#include "campaign/campaign.h"

int main(int argc, char **argv)
{
    static char line[1 << 20];

    while (argc == 2 && fgets(line, sizeof(line), stdin)) {
        struct error err = {0};
        struct campaign *c = NULL;
        char text[1024];
        int rc = campaign_load_text(line, argv[1], &c, &err);

        error_text(&err, text, sizeof(text));
        puts(rc ? text[0] ? text : "bad, without a word" : "good");
        if (!rc)
            campaign_free(c);
    }
    return 0;
}
