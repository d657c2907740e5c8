internal import CSodium

/// The library, prepared once for the whole process.
enum Sodium {
  /// Must be touched before the first call; libsodium is safe to use from any thread afterwards.
  static let ready: Void = {
    // Only a system without a source of random numbers fails here, and nothing is safe on it.
    precondition(sodium_init() >= 0, "libsodium cannot be initialised")
  }()
}
