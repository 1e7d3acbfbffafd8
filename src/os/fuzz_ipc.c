/* Frames as a peer may send them: the first byte says which side it is. */
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "os/ipc.h"

#define FRAME_MOST 65536 /* what a channel holds without a reader */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qs_err err = QS_ERR_INIT;
    struct qs_ipc_frame frame;
    int fds[2];

    if (size < 1 || size > FRAME_MOST || qs_ipc_pair(fds, &err))
        return 0;
    qs_auto(fd) int from = fds[0];
    qs_auto(fd) int to = fds[1];
    if (send(from, data + 1, size - 1, MSG_NOSIGNAL) >= 0 && qs_ipc_recv(to, data[0] & 1, &frame, &err) == QS_OK)
        qs_ipc_frame_done(&frame);
    return 0;
}
