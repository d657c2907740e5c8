// First, with the C library's own defaults: gRPC's headers define _GNU_SOURCE, under which glibc names
// the member of fd_set differently than in the module that Foundation sees.
#include <sys/types.h>

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>

// GRPC_SLICE_START_PTR and GRPC_SLICE_LENGTH are macros, which Swift cannot see. A short slice keeps
// its bytes inside itself, so the pointer is good for as long as the slice stays where it is.
static inline const uint8_t *tompion_slice_start(const grpc_slice *slice) {
  return GRPC_SLICE_START_PTR(*slice);
}

static inline size_t tompion_slice_length(const grpc_slice *slice) {
  return GRPC_SLICE_LENGTH(*slice);
}
