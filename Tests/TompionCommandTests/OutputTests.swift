import Testing

@testable import TompionCommand

struct OutputTests {
  @Test func `columns line up and blanks are shown`() {
    var table = Table("NAME", "STATE")
    table.add("a-long-name", "ok")
    table.add("b", nil)
    #expect(table.text == "NAME         STATE\na-long-name  ok\nb            -")
  }

  @Test func `what would steer a terminal is not printed`() {
    var table = Table("NAME")
    table.add("a\u{1B}[31mred\n")
    #expect(table.text == "NAME\na\u{FFFD}[31mred\u{FFFD}")
  }

  @Test func `a sheet leaves out what is not there`() {
    var sheet = Sheet()
    sheet.add("name", "x")
    sheet.add("nothing", nil)
    sheet.add("longer name", "y")
    #expect(sheet.text == "name         x\nlonger name  y")
  }

  @Test func `near words are suggested and far ones are not`() {
    #expect(Suggestion.distance("kitten", "sitting") == 3)
    #expect(Suggestion.text(for: "updat", among: ["update", "delete"]) == "; did you mean update?")
    #expect(Suggestion.text(for: "xyz", among: ["update", "delete"]).isEmpty)
  }
}
