/// What a compiled time zone file says (RFC 9636), times in seconds since 1970.
struct TimeZoneFile {
  struct Malformed: Error {
    let reason: String
  }

  /// The offset before the first change.
  let initialOffset: Int64
  /// In order of time.
  let transitions: [TimeZoneRules.Transition]
  /// What holds after the last change, if the file says so.
  let rule: PosixZoneRule?

  /// Reads the file; of two blocks the second, which has 64-bit times and a footer.
  init(_ bytes: [UInt8]) throws(Malformed) {
    guard bytes.count <= 1 << 20 else { throw Malformed(reason: "it is larger than 1 MiB") }
    var reader = Reader(bytes)
    var header = try Header(&reader)
    var width = 4
    if header.version >= UInt8(ascii: "2") {
      try reader.skip(header.length(timeWidth: 4))
      header = try Header(&reader)
      width = 8
    }
    guard header.leaps == 0 else { throw Malformed(reason: "it counts leap seconds") }
    guard header.types > 0 else { throw Malformed(reason: "it has no offset") }
    let (times, indexes) = try Self.times(&reader, header, width: width)
    let offsets = try Self.offsets(&reader, header)
    try reader.skip(header.abbreviations + header.standards + header.universals)
    rule = width == 8 ? try Self.footer(&reader) : nil
    initialOffset = offsets[0]
    var transitions: [TimeZoneRules.Transition] = []
    for (time, index) in zip(times, indexes) {
      guard index < offsets.count else { throw Malformed(reason: "it names a missing offset") }
      guard time > transitions.last?.at ?? .min else {
        throw Malformed(reason: "it runs backwards")
      }
      guard time < TimeZoneRules.never / 2 else { throw Malformed(reason: "it has no end") }
      transitions.append(TimeZoneRules.Transition(at: time, offset: offsets[index]))
    }
    self.transitions = transitions
  }

  private static func times(
    _ reader: inout Reader,
    _ header: Header,
    width: Int
  ) throws(Malformed) -> ([Int64], [Int]) {
    var times: [Int64] = []
    var indexes: [Int] = []
    for _ in 0..<header.times { times.append(try reader.integer(width)) }
    for _ in 0..<header.times { indexes.append(Int(try reader.byte())) }
    return (times, indexes)
  }

  private static func offsets(
    _ reader: inout Reader,
    _ header: Header
  ) throws(Malformed) -> [Int64] {
    var offsets: [Int64] = []
    for _ in 0..<header.types {
      let offset = try reader.integer(4)
      guard abs(offset) <= PosixZoneRule.largestOffset else {
        throw Malformed(reason: "an offset is larger than 26 hours")
      }
      offsets.append(offset)
      try reader.skip(2)  // Whether it is daylight saving time, and what it is called.
    }
    return offsets
  }

  /// The rule between two line ends; an empty one says nothing.
  private static func footer(_ reader: inout Reader) throws(Malformed) -> PosixZoneRule? {
    guard try reader.byte() == UInt8(ascii: "\n") else { throw Malformed(reason: "no footer") }
    var text: [UInt8] = []
    while true {
      let byte = try reader.byte()
      if byte == UInt8(ascii: "\n") { break }
      text.append(byte)
    }
    guard !text.isEmpty else { return nil }
    guard let rule = PosixZoneRule(String(decoding: text, as: UTF8.self)) else {
      throw Malformed(reason: "its footer is not a rule")
    }
    return rule
  }

  /// The counts that a block begins with.
  private struct Header {
    let version: UInt8
    let universals: Int
    let standards: Int
    let leaps: Int
    let times: Int
    let types: Int
    let abbreviations: Int

    init(_ reader: inout Reader) throws(Malformed) {
      for expected in "TZif".utf8 {
        guard try reader.byte() == expected else { throw Malformed(reason: "it is no TZif file") }
      }
      version = try reader.byte()
      try reader.skip(15)
      var counts: [Int] = []
      for _ in 0..<6 {
        let count = try reader.integer(4)
        guard (0...1 << 20).contains(count) else { throw Malformed(reason: "a count is too large") }
        counts.append(Int(count))
      }
      (universals, standards, leaps) = (counts[0], counts[1], counts[2])
      (times, types, abbreviations) = (counts[3], counts[4], counts[5])
    }

    /// The bytes that follow the header.
    func length(timeWidth: Int) -> Int {
      times * (timeWidth + 1) + types * 6 + abbreviations + leaps * (timeWidth + 4) + standards
        + universals
    }
  }

  /// Big-endian numbers from a bounded buffer.
  private struct Reader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
    }

    mutating func byte() throws(Malformed) -> UInt8 {
      guard position < bytes.count else { throw Malformed(reason: "it is cut off") }
      defer { position += 1 }
      return bytes[position]
    }

    mutating func skip(_ count: Int) throws(Malformed) {
      guard count <= bytes.count - position else { throw Malformed(reason: "it is cut off") }
      position += count
    }

    /// A signed number of `width` bytes.
    mutating func integer(_ width: Int) throws(Malformed) -> Int64 {
      var value: Int64 = 0
      for index in 0..<width {
        let byte = try byte()
        value = index == 0 ? Int64(Int8(bitPattern: byte)) : value << 8 | Int64(byte)
      }
      return value
    }
  }
}
