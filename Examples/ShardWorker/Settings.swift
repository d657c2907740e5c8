/// Numbers in a task's parameter, as `items=400 ms=20`.
struct Settings {
  private var values: [String: Int] = [:]

  init(_ param: String) {
    for pair in param.split(whereSeparator: \.isWhitespace) {
      let parts = pair.split(separator: "=")
      if parts.count == 2, let number = Int(parts[1]) { values[String(parts[0])] = number }
    }
  }

  func number(_ name: String, default value: Int, in range: ClosedRange<Int>) -> Int {
    min(max(values[name] ?? value, range.lowerBound), range.upperBound)
  }
}
