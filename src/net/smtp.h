/* net/smtp: one mail to one mail server, blocking (libcurl). */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct qs_mail {
    const char *url;       /* "smtp://mail.example:25", "smtps://…"; STARTTLS is used where the server offers it */
    const char *from, *to; /* `to`: addresses with commas between them */
    const char *subject, *text; /* UTF-8; the subject is one line */
    uint64_t timeout_ms;
};
/* UNREACHABLE, TIMEOUT, DENIED (certificate or login), REFUSED (the server does not take the mail), INVALID. */
enum qs_code qs_mail_send(const struct qs_mail *m, struct qs_err *err) QS_MUST_CHECK;
