import Testing

/// What somebody sees who has just begun.
@Suite struct FirstStepsTests {
    @Test func theProgramSaysItsVersion() throws {
        let shop = try Workspace()
        #expect(try shop.succeed("--version").out.hasPrefix("nightdrop/"))
    }

    @Test func aNodeThatIsThereIsNotMadeAgain() throws {
        let shop = try Workspace()
        try shop.openChain()
        let again = try shop.run("init", "central", "-C", "HQ")
        #expect(again.status == 73 && again.err.contains("HQ holds a node already"))
        #expect(try shop.run("init", "central", "-C", "other").status == 64)
    }

    @Test func aPinnedKeyIsGivenByItsFingerprint() throws {
        let shop = try Workspace()
        func pin(_ key: String) throws -> CommandRun {
            try shop.run("init", "terminal", "-C", "T01", "--id", "T01", "--store", "S1", "--central", key)
        }
        let wrong = try pin("HQ")
        #expect(wrong.status == 64 && wrong.err.contains("\"HQ\" is no fingerprint"))
        #expect(try pin("SHA256:" + String(repeating: "A", count: 43)).status == 0)
    }

    @Test func aTillThatIsNotEnrolledSaysWhatIsToBeDone() throws {
        let shop = try Workspace()
        try shop.succeed("init", "terminal", "-C", "T01", "--id", "T01", "--store", "S1")
        let status = try shop.succeed("status", "-C", "T01").out
        #expect(status.hasPrefix("T01: not enrolled yet\n"))
        #expect(status.contains("give T01.nightdrop-request to head office, and import the grant"))
        try shop.openChain(tills: [])
        #expect(try shop.succeed("status", "-C", "HQ").out.hasPrefix("HQ: nothing waits\n"))
    }
}
