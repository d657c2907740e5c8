import Engine
import PlatformLogging
import PlatformRuntime

/// Watches for the wall clock being set, and has everything planned anew when it was.
struct ClockService: Service {
  let clocks: Clocks
  let feed: CommitFeed
  let dispatcher: Dispatcher
  private let logger = Logger(label: "tompion.clock")

  init(clocks: Clocks, feed: CommitFeed, dispatcher: Dispatcher) {
    self.clocks = clocks
    self.feed = feed
    self.dispatcher = dispatcher
  }

  func run(until shutdown: @escaping Shutdown) async throws {
    try await cancelling(when: shutdown) {
      var watch = ClockWatch(at: clocks.now)
      while !Task.isCancelled {
        try await Task.sleep(for: .milliseconds(500))
        guard let step = watch.step(at: clocks.now) else { continue }
        logger.error(
          "the clock was set; planning anew",
          metadata: ["by": "\(step.text)", "now": "\(clocks.wall())"]
        )
        dispatcher.startGrace()
        feed.triggers.reset()
        feed.delayed.reset()
      }
    }
  }
}
