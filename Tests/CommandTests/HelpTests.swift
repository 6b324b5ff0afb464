import Testing

@Suite struct HelpTests {
    static let commands = [
        "", "init", "init central", "init terminal", "enroll", "policy", "policy check", "policy use", "record", "get",
        "close",
        "export",
        "import", "merge", "return", "conflicts", "conflicts list", "conflicts show", "conflicts resolve",
        "conflicts apply", "history", "undo",
        "days",
        "notices", "status", "terminals", "log", "inspect", "cat", "verify", "demo", "exchange", "request",
        "apply", "watch", "keys", "keys list", "keys revoke",
    ]

    @Test(arguments: commands) func everyHelpHasExamplesAndStatuses(_ command: String) throws {
        let run = try Workspace().bash("nightdrop \(command) --help")
        #expect(run.status == 0)
        let lines = run.out.split(separator: "\n")
        let begin = try #require(lines.firstIndex(of: "EXAMPLES:"))
        let end = try #require(lines.firstIndex(of: "EXIT STATUS:"))
        let examples = lines[(begin + 1)..<end]
        #expect(!examples.isEmpty)
        // A longer line would be broken, and could not be copied.
        #expect(examples.allSatisfy { $0.hasPrefix("  ") && $0.contains("nightdrop ") }, "\(examples)")
        #expect(run.err == "")
    }

    @Test func noCommandIsMissingHere() throws {
        let help = try Workspace().run("--help").out
        let named = help.split(separator: "\n").filter { $0.wholeMatch(of: #/  [a-z]+ {2,}[A-Z].*/#) != nil }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(Set(named) == Set(HelpTests.commands.filter { !$0.contains(" ") && !$0.isEmpty }))
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completions(_ shell: String) throws {
        let run = try Workspace().run("--generate-completion-script", shell)
        #expect(run.status == 0)
        #expect(run.out.contains("conflicts"))
    }

    @Test func theCompletionScriptOfBashIsBash() throws {
        let run = try Workspace().bash("nightdrop --generate-completion-script bash > c.bash && bash -n c.bash")
        #expect(run.status == 0, "\(run.err)")
    }
}
