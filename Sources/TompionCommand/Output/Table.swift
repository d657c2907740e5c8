/// Rows in columns that line up.
struct Table: Sendable {
  private var rows: [[String]]

  init(_ titles: String...) {
    rows = [titles]
  }

  mutating func add(_ cells: String?...) {
    rows.append(cells.map { ($0 ?? "-").printable })
  }

  /// A blank cell is shown as `-`, so that columns can be told apart by other programs too.
  var text: String {
    let columns = rows[0].indices
    let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for column in columns {
        let cell = row[column].isEmpty ? "-" : row[column]
        line += cell
        guard column != columns.last else { continue }
        line += String(repeating: " ", count: widths[column] - cell.count + 2)
      }
      return line
    }.joined(separator: "\n")
  }
}

/// Names and values, one a line.
struct Sheet: Sendable {
  private var rows: [(name: String, value: String)] = []

  /// Values that are not there leave no line.
  mutating func add(_ name: String, _ value: String?) {
    guard let value, !value.isEmpty else { return }
    rows.append((name, value.printable))
  }

  var text: String {
    let width = rows.map(\.name.count).max() ?? 0
    return rows.map { row in
      row.name + String(repeating: " ", count: width - row.name.count + 2) + row.value
    }.joined(separator: "\n")
  }
}

extension String {
  /// Without control characters, which a terminal would obey.
  var printable: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "\u{FFFD}" : $0 }
      )
    )
  }
}

extension [String: String] {
  /// `a=1, b=2`, in order.
  var shown: String {
    sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
  }
}
