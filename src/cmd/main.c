/* kolcast: entry point. Finds the subcommand and runs it. */
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("kolcast " KOLCAST_VERSION);
    return 0;
}
