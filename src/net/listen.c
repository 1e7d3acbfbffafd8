#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/ip.h"
#include "net/http_server.h"

#define BACKLOG 4096

enum qs_code qs_net_listen_tcp(const char *host, uint16_t port, int *ret_fd, struct qs_err *err)
{
    struct sockaddr_storage addr;
    struct qs_ip ip;
    int one = 1;

    if (!qs_ip_parse(host, &ip))
        return qs_err_set(err, QS_INVALID, 0, "cannot listen on '%s': not an address", host);
    socklen_t len = qs_ip_sockaddr(&ip, port, &addr);
    qs_auto(fd) int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return qs_err_sys(err, QS_IO, errno, "could not make a socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        (ip.family == 6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one))) ||
        bind(fd, (struct sockaddr *)&addr, len) || listen(fd, BACKLOG))
        return qs_err_sys(err, errno == EADDRINUSE ? QS_CONFLICT : QS_IO, errno, "could not listen on %s port %u", host,
                          port);
    *ret_fd = qs_take_fd(&fd);
    return QS_OK;
}

/* Removes a socket that nobody serves; anything else at `path` stays and is an error. */
static enum qs_code remove_stale(const struct sockaddr_un *addr, struct qs_err *err)
{
    struct stat st;

    if (lstat(addr->sun_path, &st))
        return errno == ENOENT ? QS_OK : qs_err_sys(err, QS_IO, errno, "could not look at '%s'", addr->sun_path);
    if (!S_ISSOCK(st.st_mode))
        return qs_err_set(err, QS_CONFLICT, 0, "'%s' exists and is not a socket", addr->sun_path);
    qs_auto(fd) int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return qs_err_sys(err, QS_IO, errno, "could not make a socket");
    if (connect(probe, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno != ECONNREFUSED)
        return qs_err_set(err, QS_CONFLICT, 0, "another process serves '%s'", addr->sun_path);
    if (unlink(addr->sun_path) && errno != ENOENT)
        return qs_err_sys(err, QS_IO, errno, "could not remove the stale socket '%s'", addr->sun_path);
    return QS_OK;
}

enum qs_code qs_net_listen_unix(const char *path, unsigned mode, int *ret_fd, struct qs_err *err)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    size_t len = strlen(path);

    if (len >= sizeof(addr.sun_path))
        return qs_err_set(err, QS_LIMIT, 0, "the socket path '%s' is longer than %zu bytes", path,
                          sizeof(addr.sun_path) - 1);
    memcpy(addr.sun_path, path, len + 1);
    if (remove_stale(&addr, err))
        return err->code;
    qs_auto(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return qs_err_sys(err, QS_IO, errno, "could not make a socket");
    /* The first fchmod() rules the mode that bind() gives, so the socket is never more open than asked;
     * chmod() then undoes what the umask took away. */
    if (fchmod(fd, mode) || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || chmod(path, mode) ||
        listen(fd, BACKLOG))
        return qs_err_sys(err, QS_IO, errno, "could not listen on '%s'", path);
    *ret_fd = qs_take_fd(&fd);
    return QS_OK;
}
