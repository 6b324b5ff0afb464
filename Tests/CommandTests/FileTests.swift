import Foundation
import NightdropFormats
import Testing

/// Looking into files: `inspect`, `cat`, `verify`.
@Suite struct FileTests {
    /// A till that has closed a day with two sales; the path of its bundle.
    private func closedDay(_ shop: Workspace) throws -> String {
        try shop.openChain()
        try shop.succeed(
            "record", "-C", "T01",
            input: """
                {"entity":"sale","id":"1","action":"create","set":{"total":1.50}}
                {"entity":"sale","id":"2","action":"create","set":{"total":2.25}}

                """)
        let closed = try shop.succeed("close", "-C", "T01", "--day", "2026-11-20", "--to", "share", "--json").document()
        return try #require(closed["bundle"]?.text)
    }

    @Test func inspectSaysWhatABundleHolds() throws {
        let shop = try Workspace()
        let bundle = try closedDay(shop)
        let words = try shop.succeed("inspect", bundle).out
        #expect(words.hasPrefix("journal bundle from T01 of store S1 to HQ\n"), "\(words)")
        #expect(words.contains("closes 2026-11-20: sale: 2 made, sum 3.75"), "\(words)")
        let json = try shop.succeed("inspect", bundle, "--json").document()
        #expect(json["manifest"]?["from"]?["node"] == "T01")
        #expect(json["problem"] == .some(.null))
        let entries = try shop.bash("tar -tf '\(bundle)'").out.split(separator: "\n").map(String.init)
        #expect(json["entries"]?.elements?.compactMap { $0["path"]?.text } == entries)
        let key = try shop.bash("ssh-keygen -lf T01/keys/signing_key.pub").out
        #expect(key.contains(try #require(json["fingerprint"]?.text)))
    }

    @Test func inspectSaysWhatAJournalHolds() throws {
        let shop = try Workspace()
        _ = try closedDay(shop)
        let segments = try shop.bash("nightdrop inspect T01/journal/*/ --json").json()
        #expect(segments.contains { $0["sealed"] == true && $0["last"] == 2 })
        #expect(try shop.bash("nightdrop inspect T01/journal/*/").out.contains("sealed"))
    }

    @Test func catPrintsWhatZcatPrints() throws {
        let shop = try Workspace()
        let bundle = try closedDay(shop)
        let expected = try shop.bash("zcat T01/journal/*/0*.jsonl.gz | grep '^{\"seq\"'").out
        #expect(expected.split(separator: "\n").count == 2)
        #expect(try shop.succeed("cat", bundle).out == expected)
        #expect(try shop.bash("nightdrop cat T01/journal/*/").out == expected)
    }

    @Test func verifyKnowsWhoseKeysCount() throws {
        let shop = try Workspace()
        let bundle = try closedDay(shop)
        try shop.succeed("verify", "-C", "T01")
        try shop.succeed("verify", "HQ")
        let within = try shop.succeed("verify", "-C", "HQ", bundle)
        #expect(within.out.contains("signed by T01"))
        let outside = try shop.succeed("verify", bundle)
        #expect(outside.err.contains("outside of a node"))

        let stranger = try Workspace()
        try stranger.openChain()
        let run = try shop.run("verify", "-C", "\(stranger.path)/HQ", bundle, "--json")
        #expect(run.status == 77)
        #expect(try run.document()["ok"] == false)
    }

    /// A till's own key is not among those that head office gave it; its own bundles are its own all the same.
    @Test func verifyAcceptsANodesOwnBundles() throws {
        let shop = try Workspace()
        try shop.openChain(tills: ["T01", "T02"])
        try shop.succeed("close", "-C", "T01", "--day", "2026-11-20")
        #expect(try shop.names("T01/outbox").count == 1)
        for node in ["-C T01", "T01"] {
            let run = try shop.bash("nightdrop verify \(node)")
            #expect(run.status == 0, "\(run.out)\(run.err)")
            #expect(run.out.contains("signed by T01"), "\(run.out)")
        }
        #expect(try shop.bash("nightdrop verify -C T02 T01/outbox").status == 77, "another till's are not")
    }

    /// What is wrong with one name keeps nobody from learning about the others.
    @Test func verifyChecksEveryName() throws {
        let shop = try Workspace()
        let bundle = try closedDay(shop)
        let missing = try shop.run("verify", "-C", "HQ", bundle, "nosuch", "share")
        #expect(missing.status == 66)
        #expect(missing.out.components(separatedBy: "signed by T01").count == 3, "\(missing.out)")
        #expect(missing.out.contains("WRONG nosuch: there is no such file"), "\(missing.out)")
        try shop.write("plain.txt", "no bundle\n")
        let wrong = try shop.run("verify", "-C", "HQ", "nosuch", "plain.txt", bundle, "--json")
        #expect(wrong.status == 65, "a bundle's trouble comes before a missing file")
        #expect(try wrong.json().map { $0["ok"] } == [false, false, true])
        #expect(try shop.run("verify", "nosuch").status == 66)
    }

    @Test func aPlainFileIsCalledNoBundle() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.write("short.txt", "remember the milk\n")
        try shop.write("long.txt", String(repeating: "remember the milk\n", count: 500))
        _ = try shop.bash("tar -cf other.tar short.txt; touch -d '1 hour ago' *.t*")
        for file in ["short.txt", "long.txt", "other.tar"] {
            for (command, node) in [("import", "T01"), ("merge", "HQ")] {
                let run = try shop.run(command, file, "-C", node)
                #expect(run.status == 65)
                #expect(run.out.contains("malformed: it is no bundle: "), "\(run.out)")
                #expect(run.out.contains("bundles are called ….nightdrop.tar"), "\(run.out)")
            }
            let run = try shop.run("verify", file, "-C", "HQ")
            #expect(run.status == 65 && run.out.contains("it is no bundle"), "\(run.out)")
        }
    }

    /// Nobody is a stranger to himself.
    @Test func aNodesOwnBundleIsSaidToBeItsOwn() throws {
        let shop = try Workspace()
        let export = try closedDay(shop)
        let own = try shop.run("import", export, "-C", "T01")
        #expect(own.status == 65)
        #expect(
            own.out.contains("wrong-addressee: it is this till's own export, meant for head office (HQ)"), "\(own.out)")
        try shop.succeed("return", "--all", "--to", "share", "-C", "HQ")
        let answer = try shop.names("share/to/T01").map { "share/to/T01/" + $0 }
        let office = try shop.run("merge", try #require(answer.last), "-C", "HQ")
        #expect(office.status == 65)
        #expect(
            office.out.contains("wrong-addressee: it is head office's own answer, meant for the till T01"),
            "\(office.out)")
        #expect(try shop.succeed("import", "share", "-C", "T01").err == "", "in a directory, own ones are passed over")
    }

    @Test func verifyFindsAFlippedByteAnywhere() throws {
        let shop = try Workspace()
        let bundle = try closedDay(shop)
        let relative = bundle.hasPrefix("/") ? String(bundle.dropFirst(shop.path.count + 1)) : bundle
        let whole = try shop.read(relative)
        for place in stride(from: 0, to: whole.count, by: max(1, whole.count / 12)) {
            var damaged = whole
            damaged[damaged.startIndex + place] ^= 0x20
            try shop.write("damaged.nightdrop.tar", damaged)
            let run = try shop.run("verify", "-C", "HQ", "damaged.nightdrop.tar")
            #expect([65, 75, 77].contains(run.status), "byte \(place) of \(whole.count): \(run.out)")
        }
    }

    /// Compressed again, so that only the content tells.
    @Test func verifyFindsAChangedSale() throws {
        let shop = try Workspace()
        _ = try closedDay(shop)
        try shop.succeed("merge", "-C", "HQ", "share")
        for (place, path) in [("T01/journal/*/*2.jsonl.gz", "T01"), ("HQ/archive/T01/*.jsonl.gz", "HQ")] {
            let run = try shop.bash(
                """
                for file in \(place); do
                    zcat "$file" | sed 's/"total":2.25/"total":2.75/' | gzip > changed && cp changed "$file"
                done
                nightdrop verify -C \(path) --json
                """)
            #expect(run.status == 65, "\(path): \(run.out)\(run.err)")
            #expect(try run.json().filter { $0["ok"] == false }.count == 1, "\(path): \(run.out)")
        }
    }
}
