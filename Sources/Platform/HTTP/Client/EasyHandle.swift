import CCurl

/// One easy handle of libcurl with the list of headers it points to, both freed once.
@safe final class EasyHandle {
  private let easy: UnsafeMutableRawPointer
  private var headers: UnsafeMutablePointer<curl_slist>?

  /// `nil` when memory is short. `argument` is handed to the callbacks.
  init?(
    for request: HTTPClientRequest,
    isStreamed: Bool,
    _ configuration: HTTPClient.Configuration,
    onHeader: @escaping ccurl_data_callback,
    onBody: @escaping ccurl_data_callback,
    _ argument: UnsafeMutableRawPointer
  ) {
    guard let easy = unsafe curl_easy_init() else { return nil }
    unsafe self.easy = easy
    unsafe ccurl_set_callback(easy, CURLOPT_HEADERFUNCTION, onHeader)
    unsafe ccurl_set_argument(easy, CURLOPT_HEADERDATA, argument)
    unsafe ccurl_set_callback(easy, CURLOPT_WRITEFUNCTION, onBody)
    unsafe ccurl_set_argument(easy, CURLOPT_WRITEDATA, argument)
    setPolicy(configuration)
    setMethod(of: request)
    setHeaders(of: request)
    unsafe ccurl_set_string(easy, CURLOPT_URL, request.url)
    guard !isStreamed else { return }
    if let timeout = request.timeout { set(CURLOPT_TIMEOUT_MS, timeout) }
    if request.method != .head {
      let most = configuration.maxResponseBytes
      unsafe ccurl_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(most))
    }
  }

  deinit {
    unsafe curl_easy_cleanup(easy)
    unsafe curl_slist_free_all(headers)
  }

  var key: Transfer.Key { unsafe Transfer.Key(easy) }

  func add(to multi: UnsafeMutableRawPointer?) -> Bool {
    unsafe curl_multi_add_handle(multi, easy) == CURLM_OK
  }

  func remove(from multi: UnsafeMutableRawPointer?) {
    unsafe curl_multi_remove_handle(multi, easy)
  }

  /// Takes up a paused body again; the callback may run before this returns.
  func resume() {
    unsafe curl_easy_pause(easy, CURLPAUSE_CONT)
  }

  private func setPolicy(_ configuration: HTTPClient.Configuration) {
    unsafe ccurl_allow_only_http(easy)
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
    set(CURLOPT_TCP_NODELAY, 1)
    set(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout)
    unsafe ccurl_set_string(easy, CURLOPT_USERAGENT, configuration.userAgent)
    if !configuration.usesEnvironmentProxy { unsafe ccurl_set_string(easy, CURLOPT_PROXY, "") }
  }

  private func setMethod(of request: HTTPClientRequest) {
    let carriesBody = !request.body.isEmpty || [.post, .put, .patch].contains(request.method)
    if carriesBody {
      unsafe ccurl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
      // One byte more, so that an empty body has an address too. libcurl copies what it needs.
      let bytes = request.body + [0]
      _ = unsafe bytes.withUnsafeBytes {
        unsafe ccurl_set_bytes(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
      }
    }
    if request.method == .head, !carriesBody { return set(CURLOPT_NOBODY, 1) }
    unsafe ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
  }

  private func setHeaders(of request: HTTPClientRequest) {
    for field in request.headers.fields {
      // libcurl takes a name without a value for a field to leave out, unless a semicolon ends it.
      append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
    }
    append("Expect:")  // Do not ask before a long body: half the servers never answer that.
    if request.headers["Content-Type"] == nil { append("Content-Type:") }  // No form by default.
    unsafe ccurl_set_list(easy, CURLOPT_HTTPHEADER, headers)
  }

  private func append(_ line: String) {
    if let longer = unsafe curl_slist_append(headers, line) { unsafe headers = longer }
  }

  private func set(_ option: CURLoption, _ value: Int) {
    unsafe ccurl_set_long(easy, option, value)
  }

  /// In whole milliseconds and at least one: none would mean no limit.
  private func set(_ option: CURLoption, _ duration: Duration) {
    set(option, max(1, Int(duration / .milliseconds(1))))
  }
}
