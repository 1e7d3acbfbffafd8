/* main: argv → verb, or --role NAME after the supervisor re-executed us; nothing else. */
#include <stdio.h>

#include "base/str.h"
#include "cli/verb.h"
#include "roles/table.h"

int main(int argc, char **argv)
{
    if (argc == 3 && qs_streq(argv[1], "--role")) {
        const struct qs_role *role = qs_role_find(argv[2]);

        if (role)
            return qs_role_main(role);
        (void)fprintf(stderr, "qs: no role is called '%s'\n", argv[2]);
        return 1;
    }
    return qs_cli_main(argc, argv);
}
