#include "os/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "os/container_int.h"
#include "os/netlink.h"

static int open_own_netns(void)
{
    return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

enum qs_code qs_netns_lo_up(struct qs_err *err)
{
    struct qs_nl *nl = NULL;

    if (qs_nl_open(&nl, err))
        return err->code;
    enum qs_code code = qs_nl_up(nl, "lo", true, err);
    qs_nl_close(nl);
    return code;
}

enum qs_code qs_netns_new(int *ret_fd, struct qs_err *err)
{
    qs_auto(fd) int home = open_own_netns();
    qs_auto(fd) int fd = -1;

    if (home < 0 || unshare(CLONE_NEWNET))
        return qs_err_sys(err, errno == EPERM ? QS_DENIED : QS_UNSUPPORTED, errno,
                          "could not make a network namespace");
    fd = open_own_netns();
    enum qs_code code = fd < 0 ? qs_err_sys(err, QS_IO, errno, "could not open a network namespace")
                               : qs_netns_lo_up(err);
    if (setns(home, CLONE_NEWNET))
        abort(); /* to go on in a namespace that nobody chose would be worse */
    if (code)
        return code;
    *ret_fd = qs_take_fd(&fd);
    return QS_OK;
}

enum qs_code qs_netns_enter(int fd, struct qs_err *err)
{
    if (setns(fd, CLONE_NEWNET))
        return qs_err_sys(err, errno == EPERM ? QS_DENIED : QS_IO, errno, "could not enter a network namespace");
    return QS_OK;
}
