import CGRPC

/// A gRPC server: one port, one thread that drains its completion queue, the methods it was given.
///
/// All handlers run on that thread. `start()` it once, `shutdown(grace:)` it once done with it.
package final class GRPCServer: Sendable {
  private let core: ServerCore

  /// Prepares the server. It listens to nothing yet.
  ///
  /// - Throws: `invalidConfiguration`, for two methods with one path for example.
  package init(
    configuration: GRPCServerConfiguration,
    methods: [GRPCMethod]
  ) throws(GRPCServerError) {
    core = try ServerCore(configuration, methods)
  }

  deinit {
    core.drain()
    core.cancelCalls()
  }

  /// Begins to listen and to serve. To be called once.
  ///
  /// - Throws: `cannotListen` or `badCredentials`; the server is of no use then.
  package func start() throws(GRPCServerError) -> GRPCAddress {
    try core.start()
  }

  /// Takes no more calls or connections, and tells clients to go elsewhere. Open calls carry on.
  package func drain() {
    core.drain()
  }

  /// Drains, gives open calls up to `grace` to end, cancels the others, and releases everything.
  ///
  /// When the calling task is cancelled, the grace ends. It may be called more than once: all calls
  /// return when the server is gone. A task of `unaryAsync` that ignores its cancellation is the one
  /// thing that may outlive this.
  package func shutdown(grace: Duration) async {
    core.drain()
    await withTaskGroup { group in
      group.addTask { [core] in
        try? await Task.sleep(for: grace)
        core.cancelCalls()
      }
      await core.stopped()
      group.cancelAll()
    }
  }
}
