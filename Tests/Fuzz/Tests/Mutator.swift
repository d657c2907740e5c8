/// Makes new inputs out of known ones. The same seed makes the same inputs.
struct Mutator {
  private var random: SeededNumbers
  private let known: [[UInt8]]
  private let longest: Int

  init(seed: UInt64, known: [[UInt8]], longest: Int) {
    random = SeededNumbers(state: seed)
    self.known = known
    self.longest = longest
  }

  /// Numbers at which something often changes, and signs that mean something to some parser.
  private static let pieces: [[UInt8]] =
    [
      [0], [0xFF], [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0],
      [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0xC3, 0x28], [0xF0, 0x9F],
    ]
    + [
      "-1", "0", "9223372036854775807", "9223372036854775808", "1e308", "00", ".", ",", "/", "*",
      "*/", "-", ":", "=", "&", "%00", "%ff", "\"", "{", "}", "[", "]", "\\u0000", "\\ud800",
      "\r\n",
      "\n", "\t", "null", "&a", "*a", "!!", "@every ", "L", "W", "#", "?", "TZ=", "é", "\u{301}",
    ].map { Array($0.utf8) }

  mutating func next() -> [UInt8] {
    var input = known.randomElement(using: &random) ?? []
    for _ in 0..<Int.random(in: 1...4, using: &random) { change(&input) }
    return Array(input.prefix(longest))
  }

  private mutating func change(_ input: inout [UInt8]) {
    let place = Int.random(in: 0...input.count, using: &random)
    let end = min(input.count, place + Int.random(in: 1...8, using: &random))
    switch Int.random(in: 0..<7, using: &random) {
    case 0 where place < input.count: input[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1 where place < input.count: input[place] = UInt8.random(in: 0...255, using: &random)
    case 2: input.removeSubrange(place..<end)
    case 3: input.insert(contentsOf: input[place..<end], at: place)
    case 4: input.insert(contentsOf: Mutator.pieces.randomElement(using: &random) ?? [], at: place)
    case 5: splice(&input, at: place)
    default: input.insert(UInt8.random(in: 0...255, using: &random), at: place)
    }
  }

  /// Goes on as another known input does.
  private mutating func splice(_ input: inout [UInt8], at place: Int) {
    guard let other = known.randomElement(using: &random) else { return }
    input.replaceSubrange(place..., with: other[Int.random(in: 0...other.count, using: &random)...])
  }
}

/// SplitMix64.
private struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
