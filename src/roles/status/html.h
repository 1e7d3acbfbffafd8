/* roles/status/html (private): writing HTML into a buffer; every text from outside goes through the escaping functions. */
#pragma once

#include "roles/status/documents.h"

void qs_html_text(struct qs_buf *out, const char *text);                                        /* & < > " ' escaped */
void qs_html_element(struct qs_buf *out, const char *tag, const char *class, const char *text); /* class may be NULL */
/* <time datetime="…">2026-03-02 10:11 UTC</time>; the browser rewrites it relative to now. */
void qs_html_time(struct qs_buf *out, uint64_t us);
void qs_html_time_text(struct qs_buf *out, const char *rfc3339); /* the same from a text; "" gives nothing */
/* <span class="state STATE">STATE</span> */
void qs_html_state(struct qs_buf *out, enum qs_state s);
/* The bar of 90 days as an SVG, with a title that says it in words. */
void qs_html_days(struct qs_buf *out, const struct qs_days *days, uint64_t now_us);
/* A name as part of an id or fragment: letters, digits, "-", "_" and "." stay, all else becomes "-". */
void qs_html_id(struct qs_buf *out, const char *name);

/* Writes the embedded template; at each <!--qs:NAME--> the function of that name in `parts` writes. */
struct qs_html_part {
    const char *name;
    qs_document_fn *fn;
};
void qs_html_template(const char *asset, const struct qs_html_part *parts, size_t count, const struct qs_facts *f,
                      struct qs_buf *out);
