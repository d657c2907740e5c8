/// How long to wait before the next attempt to connect.
///
/// A random part of a limit that doubles with each failure, so that workers which lost the same
/// server do not come back together. The first retry waits as well.
struct ReconnectDelay: Sendable {
  private var failures = 0

  static let base: Duration = .milliseconds(200)
  static let longest: Duration = .seconds(30)

  /// The wait after one more failure.
  mutating func next(using random: inout SessionRandom) -> Duration {
    let limit = min(Self.longest, Self.base * (1 << min(failures, 20)))
    failures += 1
    return .microseconds(Int64.random(in: 0...limit.wholeMicroseconds, using: &random))
  }

  mutating func reset() {
    failures = 0
  }
}

/// The random numbers of one session: the same for the same seed (splitmix64).
struct SessionRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

extension Duration {
  /// For short durations only; anything below a microsecond is dropped.
  var wholeMicroseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }
}
