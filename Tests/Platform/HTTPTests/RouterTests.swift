import PlatformHTTP
import Testing

@Suite struct RouterTests {
  let router: Router<String> = {
    var router = Router<String>()
    router.add("GET /", "root")
    router.add("GET /ns/{ns}/triggers/{name}", "show")
    router.add("PUT /ns/{ns}/triggers/{name}", "update")
    router.add("GET /ns/{ns}/triggers/latest", "latest")
    router.add("POST /ns/{space}/triggers/{name}/fire", "fire")
    return router
  }()

  private func found(_ method: HTTPMethod, _ path: String) throws -> (String, [String: String])? {
    let request = try #require(HTTPRequest(method: method, target: path))
    guard case .found(let handler, let parameters) = router.match(method, request.pathSegments)
    else { return nil }
    return (handler, parameters)
  }

  @Test func `braced segments match one decoded segment each`() throws {
    let match = try #require(try found(.get, "/ns/a%2Fb/triggers/c%20d"))
    #expect(match.0 == "show")
    #expect(match.1 == ["ns": "a/b", "name": "c d"])
  }

  @Test func `a written segment goes before a braced one, and names belong to their route`() throws
  {
    #expect(try found(.get, "/ns/a/triggers/latest")?.0 == "latest")
    #expect(try found(.put, "/ns/a/triggers/latest")?.1 == ["ns": "a", "name": "latest"])
    #expect(try found(.post, "/ns/a/triggers/b/fire")?.1 == ["space": "a", "name": "b"])
    #expect(try found(.head, "/")?.0 == "root")
  }

  @Test(arguments: ["/ns", "/ns/a/triggers/", "/ns//triggers/b", "/ns/a/triggers/b/", "//", "/x"])
  func `other paths are unknown`(path: String) throws {
    let request = try #require(HTTPRequest(method: .get, target: path))
    guard case .notFound = router.match(.get, request.pathSegments) else {
      Issue.record("\(path) matched")
      return
    }
  }

  @Test(arguments: ["/\u{6D6}", "/a?\u{301}b=c", "/é", "/a b", "/a%2", "/%C3%28", "/a%00", "a/b"])
  func `a target that is no URI is refused`(target: String) {
    #expect(HTTPRequest(method: .get, target: target) == nil)
  }

  @Test func `a known path names the methods it takes`() {
    guard
      case .methodNotAllowed(let allow) = router.match(.delete, ["ns", "a", "triggers", "latest"])
    else {
      Issue.record("DELETE matched")
      return
    }
    #expect(allow == [.get, .head, .put])
  }

  @Test func `the same route twice stops the program`() async {
    await #expect(processExitsWith: .failure) {
      var router = Router<Int>()
      router.add("GET /a/{x}", 1)
      router.add("GET /a/{y}", 2)
    }
  }
}
