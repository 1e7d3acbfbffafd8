#include <libssh/libssh.h>

#include "base/clock.h"
#include "net/ssh.h"

QS_DEFINE_AUTO(ssh_key, ssh_key, ssh_key_free)

static void session_end(ssh_session s)
{
    if (!s)
        return;
    ssh_disconnect(s);
    ssh_free(s);
}
QS_DEFINE_AUTO(session, ssh_session, session_end)

static void channel_end(ssh_channel c)
{
    if (c)
        ssh_channel_free(c);
}
QS_DEFINE_AUTO(channel, ssh_channel, channel_end)

/* What is left of the time; 0: none. */
static long left_ms(uint64_t deadline)
{
    uint64_t now = qs_mono_ms();

    return now < deadline ? (long)(deadline - now) : 0;
}

static enum qs_code fail(ssh_session s, uint64_t deadline, const char *what, struct qs_err *err)
{
    if (left_ms(deadline) == 0)
        return qs_err_set(err, QS_TIMEOUT, 0, "%s took too long", what);
    return qs_err_set(err, QS_UNREACHABLE, 0, "%s failed: %s", what, ssh_get_error(s));
}

static void set_time(ssh_session s, uint64_t deadline)
{
    long us = left_ms(deadline) * 1000;

    (void)ssh_options_set(s, SSH_OPTIONS_TIMEOUT_USEC, &us);
}

static enum qs_code log_in(ssh_session s, const struct qs_ssh_command *c, uint64_t deadline, struct qs_err *err)
{
    qs_auto(ssh_key) ssh_key key = NULL;
    unsigned port = c->port;
    bool none = false;

    if (ssh_pki_import_privkey_file(c->key, NULL, NULL, NULL, &key) != SSH_OK)
        return qs_err_set(err, QS_INVALID, 0, "'%s' is no usable SSH private key", c->key);
    (void)ssh_options_set(s, SSH_OPTIONS_HOST, c->address);
    (void)ssh_options_set(s, SSH_OPTIONS_PORT, &port);
    (void)ssh_options_set(s, SSH_OPTIONS_USER, c->user);
    (void)ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &none);
    set_time(s, deadline);
    if (ssh_connect(s) != SSH_OK)
        return fail(s, deadline, "SSH connection", err);
    set_time(s, deadline);
    switch (ssh_userauth_publickey(s, NULL, key)) {
    case SSH_AUTH_SUCCESS:
        return QS_OK;
    case SSH_AUTH_DENIED:
    case SSH_AUTH_PARTIAL:
        return qs_err_set(err, QS_DENIED, 0, "user '%s' is not let in with the operator's key", c->user);
    default:
        return fail(s, deadline, "SSH login", err);
    }
}

static enum qs_code read_all(ssh_session s, ssh_channel ch, uint64_t deadline, struct qs_buf *output,
                             struct qs_err *err)
{
    char piece[4096];

    while (!ssh_channel_is_eof(ch)) {
        int n = left_ms(deadline) ? ssh_channel_read_timeout(ch, piece, sizeof(piece), 0, (int)left_ms(deadline)) : -1;

        if (n < 0 || (n == 0 && !ssh_channel_is_eof(ch)))
            return fail(s, deadline, "reading the command's output", err);
        qs_buf_add(output, piece, (size_t)n);
        if (output->over)
            return qs_buf_check(output, "output of the command", err);
    }
    return QS_OK;
}

enum qs_code qs_ssh_run(const struct qs_ssh_command *c, struct qs_buf *output, int *ret_status, struct qs_err *err)
{
    uint64_t deadline = qs_mono_ms() + c->timeout_ms;
    qs_auto(session) ssh_session s = ssh_new();
    qs_auto(channel) ssh_channel ch = NULL;

    if (!s)
        return qs_err_set(err, QS_INTERNAL, 0, "could not make an SSH session");
    if (log_in(s, c, deadline, err))
        return qs_err_wrap(err, "%s", c->address);
    set_time(s, deadline);
    ch = ssh_channel_new(s);
    if (!ch || ssh_channel_open_session(ch) != SSH_OK || ssh_channel_request_exec(ch, c->command) != SSH_OK ||
        read_all(s, ch, deadline, output, err)) {
        if (!err->code)
            (void)fail(s, deadline, "SSH command", err);
        return qs_err_wrap(err, "%s", c->address);
    }
    *ret_status = ssh_channel_get_exit_status(ch);
    return QS_OK;
}
