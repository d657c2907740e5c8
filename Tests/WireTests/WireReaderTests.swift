import Testing
import Wire

@Suite(.timeLimit(.minutes(1)))
struct WireReaderTests {
  @Test func `what was written is found where it stands`() throws {
    var writer = WireWriter(capacity: 64)
    writer.text(1, "hello")
    writer.number(2, -1)
    writer.message(300) { $0.flag(1, true) }
    var reader = WireReader(writer.bytes)

    let text = try #require(try reader.next())
    guard case .content(let content) = text.value else { throw Unexpected() }
    #expect(text.number == 1 && text.range == 0..<7)
    #expect(Array(writer.bytes[content]) == Array("hello".utf8))

    let number = try #require(try reader.next())
    guard case .number(let value) = number.value else { throw Unexpected() }
    #expect(Int64(bitPattern: value) == -1)

    let message = try #require(try reader.next())
    guard case .content(let inner) = message.value else { throw Unexpected() }
    #expect(message.number == 300 && inner.count == 2)
    #expect(try reader.next() == nil)
  }

  struct Unexpected: Error {}

  @Test func `fixed fields are passed over`() throws {
    let bytes: [UInt8] = [0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4, 0x18, 7]
    var reader = WireReader(bytes)
    let numbers = [try reader.next()?.number, try reader.next()?.number, try reader.next()?.number]
    #expect(numbers == [1, 2, 3])
  }

  @Test(
    arguments: [
      [0x00],  // Field 0.
      [0x0B],  // A group.
      [0x08],  // No number.
      [0x0A, 0x05, 0x01],  // Five bytes, of which one is there.
      [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],  // 2^64 - 1 bytes.
      [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],  // Eleven digits.
      [0x09, 0x00],
      [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x00],  // No such field number.
    ] as [[UInt8]]
  )
  func `what is no message is refused`(bytes: [UInt8]) {
    var reader = WireReader(bytes)
    #expect(throws: WireReader.Malformed.self) { try reader.next() }
  }

  @Test func `any bytes are fields within them or an error`() {
    var random = Random(seed: 11)
    var fields = 0
    for _ in 0..<20_000 {
      let bytes = (0..<Int(random.next() % 48)).map { _ in UInt8(truncatingIfNeeded: random.next())
      }
      var reader = WireReader(bytes)
      while let field = try? reader.next() {
        fields += 1
        #expect(field.range.upperBound <= bytes.count)
        guard case .content(let content) = field.value else { continue }
        #expect(content.upperBound == field.range.upperBound)
      }
    }
    #expect(fields > 1_000)
  }
}
