/* qs check: the lab as every site sees it. */
#include <stdio.h>

#include "base/fs.h"
#include "cli/verb.h"

static void say_site(const struct qs_lab *lab, struct qs_val *list)
{
    struct qs_val *one = qs_val_add(list, qs_val_map());
    size_t pending = 0;

    for (size_t i = 0; i < lab->signal_count; i++)
        pending += lab->signals[i].pending != NULL;
    qs_val_set_str(one, "name", lab->site);
    qs_val_set_int(one, "vlans", (int64_t)lab->vlan_count);
    qs_val_set_int(one, "devices", (int64_t)lab->device_count);
    qs_val_set_int(one, "nodes", (int64_t)lab->node_count);
    qs_val_set_int(one, "cables", (int64_t)lab->cable_count);
    qs_val_set_int(one, "components", (int64_t)lab->component_count);
    qs_val_set_int(one, "signals", (int64_t)lab->signal_count);
    qs_val_set_int(one, "pending", (int64_t)pending);
}

static void say_all(const char *folder, const struct qs_val *sites)
{
    const struct qs_val *one = qs_val_at(sites, 0);

    (void)printf(
        "%s: %lld VLANs, %lld devices, %lld nodes, %lld cables, %lld components, %lld signals: no problems for", folder,
        (long long)qs_val_get_int(one, "vlans", 0), (long long)qs_val_get_int(one, "devices", 0),
        (long long)qs_val_get_int(one, "nodes", 0), (long long)qs_val_get_int(one, "cables", 0),
        (long long)qs_val_get_int(one, "components", 0), (long long)qs_val_get_int(one, "signals", 0));
    for (size_t i = 0; i < qs_val_count(sites); i++)
        (void)printf("%s %s", i ? "," : "", qs_val_get_str(qs_val_at(sites, i), "name", ""));
    (void)printf("\n");
}

static int run(const struct qs_cli *cli)
{
    qs_auto(val) struct qs_val *doc = qs_val_map();
    qs_auto(names) char **names = NULL;
    struct qs_err err = QS_ERR_INIT;
    struct qs_cli one = *cli;

    qs_val_set_str(doc, "format", "qs.check/1");
    qs_val_set_str(doc, "lab", cli->lab);
    struct qs_val *sites = qs_val_set(doc, "sites", qs_val_list());
    if (qs_lab_sites(cli->lab, &names, &err))
        return qs_cli_fail(cli, &err);
    for (char **name = names; *name || qs_cli_has(cli, "site"); name++) {
        one.site = qs_cli_has(cli, "site") ? cli->site : *name;
        qs_auto(lab) struct qs_lab *lab = qs_cli_lab(&one);

        if (!lab)
            return 1;
        say_site(lab, sites);
        if (qs_cli_has(cli, "site"))
            break;
    }
    if (cli->json)
        return qs_cli_json(doc);
    say_all(cli->lab, sites);
    return 0;
}

const struct qs_verb qs_verb_check = {
    .name = "check",
    .summary = "check the lab files, for every site or the one of --site",
    .help = "Reads every file of the lab folder and says what is wrong: unknown keys, wrong types, references to what "
            "does not exist, and what does not fit across files, from duplicate addresses to a change that would cut "
            "the management path. Up to 20 problems at once, each with file, line and column.\n\n"
            "Nothing is contacted and nothing is changed.",
    .run = run,
};
