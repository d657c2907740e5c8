/// The tags of YAML 1.2.2, chapter 10, written `!!int` and so on in a document.
enum YAMLTag {
  static let prefix = "tag:yaml.org,2002:"

  /// What a tagged scalar is; `nil` when it cannot be that, or the tag is unknown.
  static func content(of text: String, tagged tag: String) -> YAMLValue.Content? {
    if tag == "!" || tag == prefix + "str" { return .string(text) }
    guard tag.hasPrefix(prefix), let content = YAMLScalar.resolve(text) else { return nil }
    return switch (tag.dropFirst(prefix.count), content) {
    case ("null", .null), ("bool", .bool), ("int", .int), ("float", .double): content
    case ("float", .int(let value)): .double(Double(value))
    default: nil
    }
  }
}
