import CGRPC
import Foundation
import Synchronization

/// Where gRPC core's own error lines go: failed binds, refused handshakes, broken peers.
package enum GRPCLog {
  private struct State {
    var sink: @Sendable (String) -> Void = { line in
      FileHandle.standardError.write(Data("grpc: \(line)\n".utf8))
    }
    /// By thread: what is held back while something is tried whose failure is reported elsewhere.
    var held: [ObjectIdentifier: [String]] = [:]
  }

  private static let state = Mutex(State())
  private static let installed: Void = {
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR)
    unsafe gpr_set_log_function { arguments in
      guard let text = unsafe arguments?.pointee.message else { return }
      GRPCLog.write(unsafe String(cString: text))
    }
  }()

  /// Sends every later line to `sink`, on whatever thread it arises. The default is standard error.
  package static func redirect(to sink: @escaping @Sendable (String) -> Void) {
    state.withLock { $0.sink = sink }
  }

  static func install() { installed }

  /// Runs `attempt` and returns what the library said on this thread instead of logging it.
  static func holding<Value>(_ attempt: () -> Value) -> (value: Value, lines: [String]) {
    let thread = ObjectIdentifier(Thread.current)
    state.withLock { $0.held[thread] = [] }
    let value = attempt()
    let lines = state.withLock { $0.held.removeValue(forKey: thread) ?? [] }
    return (value, lines)
  }

  private static func write(_ line: String) {
    let thread = ObjectIdentifier(Thread.current)
    let sink: (@Sendable (String) -> Void)? = state.withLock { state in
      guard let held = state.held[thread] else { return state.sink }
      if held.count < 16 { state.held[thread] = held + [line] }
      return nil
    }
    sink?(line)
  }
}
