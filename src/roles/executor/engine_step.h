/* Private to the engine: one target's part of an apply. */
#pragma once

#include "base/id.h"
#include "roles/executor/engine_int.h"

struct step_env { /* shared by the steps of one apply */
    struct qs_engine *e;
    const struct qs_credentials *creds;
    const struct qs_desired *d; /* settled */
    char apply[QS_ID_TEXT];
    bool rollback;
    qs_engine_say_fn *say;
    void *arg;
};
struct step {
    const char *name;
    const struct qs_val *plan; /* the target as the plan has it */
    const struct qs_desired_target *t;
    const char *state; /* as in the journal */
    struct qs_err err;
};

/* Runs the step to its end, journal included. True: the target is verified as wanted. */
bool step_run(const struct step_env *env, struct step *s);
/* Ends a step that is not run; s->err says why. */
void step_skip(const struct step_env *env, struct step *s);
