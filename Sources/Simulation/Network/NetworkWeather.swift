import Engine
import TompionTesting

/// How the network is between workers and servers.
struct NetworkWeather {
  /// The usual time from one end to the other.
  var latency: ClosedRange<Duration> = .microseconds(50) ... .milliseconds(2)
  /// How often a message takes much longer.
  var delays = 0.0
  var longDelay: ClosedRange<Duration> = .milliseconds(20) ... .seconds(1)
  /// How often what a worker said last before a break arrives once more in a later session.
  var repeats = 0.0

  static let calm = NetworkWeather()

  func latency(_ random: inout SeededRandom) -> Duration {
    random.chance(delays) ? random.duration(longDelay) : random.duration(latency)
  }
}
