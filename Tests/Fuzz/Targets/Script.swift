/// An input that is a row of steps: a byte that says which, and what the step needs.
struct Script {
  private var rest: ArraySlice<UInt8>

  init(_ input: [UInt8]) {
    rest = input[...]
  }

  /// The next byte, or `nil` at the end.
  mutating func byte() -> UInt8? { rest.popFirst() }

  /// The next bytes: two say how many, the higher first. What is missing at the end is left out.
  mutating func bytes() -> [UInt8] {
    let high = Int(byte() ?? 0)
    let low = Int(byte() ?? 0)
    let count = min(high << 8 | low, rest.count)
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }
}
