import Dispatch
import Glibc
import PlatformLogging
import Synchronization

/// What libFuzzer calls: once before it begins, and then with every input.
///
/// `tompion-fuzz --target=NAME` and libFuzzer's own options, of which `-help=1` tells.
enum Driver {
  private static let subject = Mutex<FuzzTarget.Subject?>(nil)

  static func start(_ arguments: [String]) {
    LoggingSystem.bootstrap(level: .error, sink: DescriptorSink(format: .text))
    let flag = "--target="
    guard let name = arguments.first(where: { $0.hasPrefix(flag) })?.dropFirst(flag.count),
      let target = FuzzTarget.named(String(name))
    else {
      print(FuzzTarget.all.map { "\($0.name) \($0.longest)" }.joined(separator: "\n"))
      exit(arguments.contains("--list") ? 0 : 2)
    }
    let made = waiting { try await target.subject() }
    subject.withLock { $0 = made }
  }

  /// Stops the process, which libFuzzer takes for a crash, when a promise is broken.
  static func run(_ input: [UInt8]) {
    guard let subject = subject.withLock(\.self) else { return }
    let begun = processorTime
    waiting { try await subject.check(input) }
    let taken = processorTime - begun
    guard taken < .seconds(1) else { fatalError("it took \(taken) of the processor") }
  }

  /// Runs `body` on the threads of Swift tasks and blocks this one, which is libFuzzer's.
  @discardableResult
  private static func waiting<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) -> Value {
    let outcome = Outcome<Value>()
    let isDone = DispatchSemaphore(value: 0)
    // This thread waits for it.
    Task.detached {
      do {
        let value = try await body()
        outcome.result.withLock { $0 = .success(value) }
      } catch {
        outcome.result.withLock { $0 = .failure(error) }
      }
      isDone.signal()
    }
    isDone.wait()
    switch outcome.result.withLock(\.self) {
    case .success(let value): return value
    case .failure(let error): fatalError("\(error)")
    case nil: fatalError("nothing was done")
    }
  }

  private final class Outcome<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, any Error>?>(nil)
  }

  /// Of all threads together: a wait for a busy machine does not count.
  private static var processorTime: Duration {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}

@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
  let words = unsafe (0..<Int(count.pointee)).compactMap { index in
    unsafe arguments.pointee[index].map { unsafe String(cString: $0) }
  }
  Driver.start(words)
  return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  Driver.run(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}
