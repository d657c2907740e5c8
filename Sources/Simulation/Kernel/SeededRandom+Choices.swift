import Engine
import TompionTesting

extension SeededRandom {
  /// `true` so many times out of one.
  mutating func chance(_ probability: Double) -> Bool {
    probability > 0 && Double.random(in: 0..<1, using: &self) < probability
  }

  /// Whole microseconds within the range.
  mutating func duration(_ range: ClosedRange<Duration>) -> Duration {
    .microseconds(
      Int64.random(
        in: range.lowerBound.microseconds...range.upperBound.microseconds,
        using: &self
      )
    )
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }

  /// One of the elements, of which there must be one.
  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[int(0...elements.count - 1)]
  }
}
