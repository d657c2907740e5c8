import Engine
import Testing
import Wire

@Suite(.timeLimit(.minutes(1)))
struct HostileBytesTests {
  @Test func `a message cut short is refused or complete`() {
    let bytes = Samples.fromWorker.encoded()
    var refused = 0
    for length in 0..<bytes.count {
      do throws(WireError) { _ = try FromWorker(Array(bytes[..<length])) } catch { refused += 1 }
    }
    #expect(refused > bytes.count / 2)
  }

  @Test func `any changed bytes are a message or an error`() {
    var random = Random(seed: 42)
    let worker = Samples.fromWorker.encoded()
    let server = Samples.fromServer.encoded()
    var refused = 0
    for _ in 0..<4_000 {
      do throws(WireError) { _ = try FromWorker(random.spoil(worker)) } catch { refused += 1 }
      do throws(WireError) { _ = try FromServer(random.spoil(server)) } catch { refused += 1 }
    }
    #expect(refused > 200)
  }

  @Test func `random bytes are a message or an error`() {
    var random = Random(seed: 7)
    var refused = 0
    for _ in 0..<4_000 {
      let bytes = (0..<Int(random.next() % 64)).map { _ in UInt8(truncatingIfNeeded: random.next())
      }
      do throws(WireError) { _ = try FromWorker(bytes) } catch { refused += 1 }
      do throws(WireError) { _ = try FromServer(bytes) } catch { refused += 1 }
    }
    #expect(refused > 4_000)
  }

  @Test func `two million empty fields cannot ask for more memory than the budget`() {
    // Field 15 is unknown: each of its occurrences would cost tens of bytes in memory.
    let flood = (0..<4 << 20).map { $0 % 2 == 0 ? 0x7a : 0 as UInt8 }
    #expect(throws: WireError("FromWorker", .malformed)) { try FromWorker(flood) }
  }

  @Test func `a message over the limit is refused before it is read`() {
    let bytes = [UInt8](repeating: 0, count: WireLimits.message + 1)
    let error = WireError(
      "FromServer",
      .overLimit(WireLimits.message + 1, limit: WireLimits.message)
    )
    #expect(throws: error) { try FromServer(bytes) }
  }
}

/// The same numbers for the same seed (splitmix64).
struct Random: RandomNumberGenerator {
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

  /// The bytes with up to four of them changed, and sometimes without their end.
  mutating func spoil(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...Int(next() % 4) {
      bytes[Int(next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: next())
    }
    if next() % 8 == 0 { bytes.removeLast(Int(next() % UInt64(bytes.count))) }
    return bytes
  }
}
