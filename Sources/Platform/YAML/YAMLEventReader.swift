internal import CYAML

/// One step of a document's structure, as libyaml reports it.
struct YAMLEvent {
  enum Kind {
    case streamStart
    case streamEnd
    case documentStart
    case documentEnd
    case alias(anchor: String)
    case scalar(text: String, isPlain: Bool)
    case sequenceStart
    case sequenceEnd
    case mappingStart
    case mappingEnd
  }

  let kind: Kind
  let anchor: String?
  let tag: String?
  /// Counted from 1.
  let line: Int
  /// Counted from 1.
  let column: Int
}

/// Reads a text event by event. Owns the parser and a copy of the text.
@safe struct YAMLEventReader: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let text: UnsafeMutableBufferPointer<UInt8>

  init(_ bytes: [UInt8]) throws(YAMLError) {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    guard unsafe yaml_parser_initialize(parser) == 1 else {
      unsafe parser.deallocate()
      throw YAMLError(line: 1, column: 1, message: "out of memory")
    }
    unsafe text = .allocate(capacity: bytes.count)
    _ = unsafe text.initialize(fromContentsOf: bytes)
    unsafe self.parser = unsafe parser
    unsafe yaml_parser_set_input_string(parser, text.baseAddress, text.count)
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
    unsafe text.deallocate()
  }

  /// The next event. After `streamEnd` or an error there is none to ask for.
  mutating func next() throws(YAMLError) -> YAMLEvent {
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
    defer { unsafe yaml_event_delete(&event) }
    return unsafe YAMLEvent(event)
  }

  private func failure() -> YAMLError {
    let reported = unsafe parser.pointee
    let problem = unsafe reported.problem.map { unsafe String(cString: $0) } ?? "cannot be read"
    // An illegal byte is found while reading ahead; how far reading had come is the nearest place.
    let isReading = unsafe reported.error == YAML_READER_ERROR
    let mark = unsafe isReading ? reported.mark : reported.problem_mark
    return YAMLError(line: Int(mark.line) + 1, column: Int(mark.column) + 1, message: problem)
  }
}

extension YAMLEvent {
  fileprivate init(_ event: yaml_event_t) {
    let data = unsafe event.data
    var (anchor, tag): (String?, String?) = (nil, nil)
    switch unsafe event.type {
    case YAML_STREAM_START_EVENT: kind = .streamStart
    case YAML_DOCUMENT_START_EVENT: kind = .documentStart
    case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
    case YAML_ALIAS_EVENT:
      kind = unsafe .alias(anchor: Self.string(data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT:
      let scalar = unsafe data.scalar
      let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
      kind = unsafe .scalar(text: Self.string(scalar.value, scalar.length), isPlain: isPlain)
      (anchor, tag) = unsafe (Self.string(scalar.anchor), Self.string(scalar.tag))
    case YAML_SEQUENCE_START_EVENT:
      kind = .sequenceStart
      let start = unsafe data.sequence_start
      (anchor, tag) = unsafe (Self.string(start.anchor), Self.string(start.tag))
    case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      kind = .mappingStart
      let start = unsafe data.mapping_start
      (anchor, tag) = unsafe (Self.string(start.anchor), Self.string(start.tag))
    case YAML_MAPPING_END_EVENT: kind = .mappingEnd
    default: kind = .streamEnd
    }
    self.anchor = anchor
    self.tag = tag
    line = unsafe Int(event.start_mark.line) + 1
    column = unsafe Int(event.start_mark.column) + 1
  }

  private static func string(_ start: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    unsafe start.map { unsafe String(cString: $0) }
  }

  private static func string(
    _ start: UnsafeMutablePointer<yaml_char_t>?,
    _ length: Int
  ) -> String {
    unsafe String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)
  }
}
