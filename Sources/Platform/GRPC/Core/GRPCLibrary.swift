import CGRPC
import CGRPCTuning

/// Keeps gRPC core initialised for as long as someone holds it.
///
/// Every owner of a C handle holds one, so that the library is shut down after the last handle.
final class GRPCLibrary: Sendable {
  init() {
    tompion_grpc_without_deadlock_search()
    GRPCLog.install()
    grpc_init()
  }

  deinit { grpc_shutdown() }
}
