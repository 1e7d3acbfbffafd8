#include "net/smtp.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"

#define MAIL_MAX (256 << 10)

QS_DEFINE_AUTO(curl, CURL *, curl_easy_cleanup)
QS_DEFINE_AUTO(slist, struct curl_slist *, curl_slist_free_all)

struct source {
    const char *text;
    size_t left;
};

static size_t give(char *to, size_t size, size_t count, void *arg)
{
    struct source *s = arg;
    size_t n = size * count < s->left ? size * count : s->left;

    memcpy(to, s->text, n);
    s->text += n;
    s->left -= n;
    return n;
}

/* Appends `text` with every line end as CRLF. */
static void put_lines(struct qs_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            qs_buf_putc(out, '\r');
        if (*text != '\r')
            qs_buf_putc(out, *text);
    }
    qs_buf_puts(out, "\r\n");
}

/* A header value: line ends would start another header. */
static void put_header(struct qs_buf *out, const char *name, const char *value)
{
    qs_buf_printf(out, "%s: ", name);
    for (; *value; value++)
        qs_buf_putc(out, *value == '\r' || *value == '\n' ? ' ' : *value);
    qs_buf_puts(out, "\r\n");
}

static void write_mail(const struct qs_mail *m, struct qs_buf *out)
{
    char date[64];
    time_t now = time(NULL);
    struct tm tm;

    (void)gmtime_r(&now, &tm);
    (void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
    put_header(out, "Date", date);
    put_header(out, "From", m->from);
    put_header(out, "To", m->to);
    put_header(out, "Subject", m->subject);
    qs_buf_puts(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: 8bit\r\n\r\n");
    put_lines(out, m->text);
}

static struct curl_slist *recipients(const char *to)
{
    struct curl_slist *list = NULL;

    while (*to) {
        size_t n;

        to += strspn(to, ", ");
        n = strcspn(to, ", ");
        if (n) {
            qs_auto(str) char *one = qs_xstrndup(to, n);

            list = curl_slist_append(list, one);
        }
        to += n;
    }
    return list;
}

static enum qs_code code_of(CURLcode rc)
{
    switch ((int)rc) {
    case CURLE_OPERATION_TIMEDOUT:
        return QS_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_LOGIN_DENIED:
        return QS_DENIED;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        return QS_UNREACHABLE;
    default:
        return QS_REFUSED;
    }
}

enum qs_code qs_mail_send(const struct qs_mail *m, struct qs_err *err)
{
    qs_auto(curl) CURL *curl = curl_easy_init();
    qs_auto(slist) struct curl_slist *to = recipients(m->to);
    qs_auto(buf) struct qs_buf text = QS_BUF(MAIL_MAX);
    struct source source;
    CURLcode rc;

    if (!qs_after(m->url, "smtp://") && !qs_after(m->url, "smtps://"))
        return qs_err_set(err, QS_INVALID, 0, "'%s' is not an smtp:// or smtps:// URL", m->url);
    if (!curl || !to)
        return qs_err_set(err, QS_INVALID, 0, "a mail needs a recipient");
    write_mail(m, &text);
    if (qs_buf_check(&text, "mail", err))
        return err->code;
    source = (struct source){ .text = qs_buf_text(&text), .left = text.len };
    (void)curl_easy_setopt(curl, CURLOPT_URL, m->url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)m->timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_MAIL_FROM, m->from);
    (void)curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    (void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    (void)curl_easy_setopt(curl, CURLOPT_READDATA, &source);
    (void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    rc = curl_easy_perform(curl);
    if (rc != CURLE_OK)
        return qs_err_set(err, code_of(rc), (int)rc, "the mail server: %s", curl_easy_strerror(rc));
    return QS_OK;
}
