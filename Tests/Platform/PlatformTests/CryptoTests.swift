import PlatformCrypto
import Testing

@Suite(.timeLimit(.minutes(1)))
struct CryptoTests {
  // FIPS 180-4 and its published examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func `SHA-256 agrees with the standard`(text: String, digest: String) {
    #expect(SHA256.hash([UInt8](text.utf8)).hex == digest)
    var hash = SHA256()
    for byte in text.utf8 { hash.update([byte]) }
    #expect(hash.finalize().hex == digest)
  }

  // RFC 7693, appendix A.
  @Test func `BLAKE2b agrees with its RFC`() {
    let digest = """
      ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
      7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923
      """
    #expect(BLAKE2b.hash([UInt8]("abc".utf8), length: 64).hex == digest)
    #expect(BLAKE2b.hash([]).count == 32)
    #expect(BLAKE2b.hash([1]) != BLAKE2b.hash([2]))
  }

  @Test func `hexadecimal digits come back as the bytes they came from`() {
    let bytes = [UInt8](0...255)
    #expect(bytes.hex.hasPrefix("000102") && bytes.hex.hasSuffix("fdfeff"))
    #expect([UInt8](hex: bytes.hex) == bytes)
    #expect([UInt8](hex: bytes.hex.uppercased()) == bytes)
    #expect([UInt8](hex: "") == [])
  }

  @Test(arguments: ["0", "0g", "g0", " 00", "0x00", "é0", "000"])
  func `what is not pairs of digits is refused`(text: String) {
    #expect([UInt8](hex: text) == nil)
  }

  @Test func `equality in constant time is equality`() {
    #expect([1, 2, 3].equalsInConstantTime([1, 2, 3]))
    #expect(![1, 2, 3].equalsInConstantTime([1, 2, 4]))
    #expect(![1, 2, 3].equalsInConstantTime([1, 2]))
    #expect([].equalsInConstantTime([]))
  }

  @Test func `random bytes are as many as asked for and never the same`() {
    #expect(Random.bytes(0).isEmpty)
    #expect(Random.bytes(33).count == 33)
    #expect(Random.bytes(16) != Random.bytes(16))
  }

  @Test func `pairs drawn by several tasks at once never repeat`() async {
    let drawn = await withTaskGroup { group in
      for _ in 0..<4 {
        group.addTask { (0..<5000).map { _ in Random.pair() } }
      }
      return await group.reduce(into: [(UInt64, UInt64)]()) { $0 += $1 }
    }
    #expect(Set(drawn.map(\.0)).count == 20_000)
    #expect(Set(drawn.map(\.1)).count == 20_000)
    // Of 20,000 fair flips for each bit, 10,000 ± 1,000 are ones: fourteen standard deviations.
    for bit in 0..<64 {
      let ones = drawn.count { $0.0 >> bit & 1 == 1 }
      #expect((9000...11_000).contains(ones))
    }
  }
}
