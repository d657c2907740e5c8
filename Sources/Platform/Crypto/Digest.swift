internal import CSodium

/// SHA-256 (FIPS 180-4), over bytes given whole or piece by piece.
package struct SHA256 {
  package static let length = 32

  private var state = crypto_hash_sha256_state()

  package init() {
    Sodium.ready
    unsafe crypto_hash_sha256_init(&state)
  }

  package mutating func update(_ bytes: borrowing RawSpan) {
    unsafe bytes.withUnsafeBytes { bytes in
      let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      unsafe crypto_hash_sha256_update(&state, start, UInt64(bytes.count))
    }
  }

  package mutating func update(_ bytes: [UInt8]) {
    unsafe update(bytes.span.bytes)
  }

  /// The 32 bytes of the digest. The state is used up: this is the last call.
  package consuming func finalize() -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Self.length)
    unsafe crypto_hash_sha256_final(&state, &digest)
    return digest
  }

  /// The 32 bytes of the digest of `bytes`.
  package static func hash(_ bytes: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalize()
  }
}

/// BLAKE2b (RFC 7693): about twice as fast as SHA-256, for digests only this program reads.
package enum BLAKE2b {
  /// The digest of `bytes`, of 16 to 64 bytes.
  package static func hash(_ bytes: [UInt8], length: Int = 32) -> [UInt8] {
    precondition((16...64).contains(length), "a BLAKE2b digest has 16 to 64 bytes")
    Sodium.ready
    var digest = [UInt8](repeating: 0, count: length)
    unsafe crypto_generichash(&digest, length, bytes, UInt64(bytes.count), nil, 0)
    return digest
  }
}
