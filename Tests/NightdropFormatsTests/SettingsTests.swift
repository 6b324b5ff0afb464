import NightdropFormats
import NightdropModel
import Testing

/// `nightdrop.yaml`.
@Suite struct SettingsTests {
    private static let start = "role: terminal\nid: T07\nstore: S1\n"

    @Test func whatIsNotGivenHasItsDefault() throws {
        let settings = try NodeSettings(yaml: Self.start, file: "nightdrop.yaml")
        #expect(settings.watch == WatchSettings())
        #expect(settings.watch.interval == 300_000)
        #expect(!settings.yaml.contains("watch"))
    }

    @Test func whatIsGivenIsReadAndWrittenAgain() throws {
        let yaml =
            Self.start
                + """
                watch:
                  directories: [/srv/exchange, "/media/a b"]
                  removable: true
                  interval: 60
                  retries: 3
                  retryLimit: 0.25
                  breakerFailures: 0
                  patience: 12.5
                  heartbeat: 1800.5
                  autoApplyLimit: 10
                  largeChanges: ask
                  alertSilent: 3600

                """
        let settings = try NodeSettings(yaml: yaml, file: "nightdrop.yaml")
        let watch = settings.watch
        #expect(watch.directories == ["/srv/exchange", "/media/a b"])
        #expect(watch.removable)
        #expect(
            [watch.interval, watch.retryLimit, watch.heartbeat, watch.alertSilent] == [
                60_000, 250, 1_800_500, 3_600_000,
            ])
        #expect([watch.retries, watch.breakerFailures, watch.autoApplyLimit] == [3, 0, 10])
        #expect(watch.largeChanges == .ask)
        #expect(watch.breakerPause == 30_000 && watch.patience == 12_500)
        #expect(try NodeSettings(yaml: settings.yaml, file: "nightdrop.yaml") == settings)
    }

    @Test(arguments: [
        ("watch: {intervall: 3}", "line 4: there is no setting \"watch.intervall\"; did you mean `interval`?"),
        ("watch: yes", "line 4: \"watch\" is a list of settings"),
        ("watch: {interval: 0}", "line 4: \"watch.interval\" is a number of seconds, 0.05 or more, such as 300"),
        ("watch: {interval: -5}", "line 4: \"watch.interval\" is a number of seconds, 0.05 or more, such as 300"),
        ("watch: {retries: 1.5}", "line 4: \"watch.retries\" is a number from 0 to 1000000000"),
        ("watch: {removable: maybe}", "line 4: \"watch.removable\" is true or false"),
        ("watch: {largeChanges: never}", "line 4: \"watch.largeChanges\" is \"ask\" or \"background\""),
        ("watch: {directories: /srv}", "line 4: \"watch.directories\" is a list of paths"),
    ])
    func whatIsWrongUnderWatchConcernsOnlyWatching(line: String, message: String) throws {
        let settings = try NodeSettings(yaml: Self.start + line + "\n", file: "nightdrop.yaml")
        #expect(settings.id.text == "T07")
        #expect(settings.watch == WatchSettings())
        let error = #expect(throws: SettingsError.self) { try settings.checkedWatch() }
        #expect(error?.description == "nightdrop.yaml, " + message)
    }

    @Test(arguments: [
        ("wach: {}", "line 4: there is no setting \"wach\"; did you mean `watch`?"),
        ("watch: {retrys: 3}\nretention: soon", "line 5: retention is a number of days, not \"soon\""),
    ])
    func whatIsWrongElsewhereConcernsEverything(line: String, message: String) throws {
        let error = #expect(throws: SettingsError.self) {
            try NodeSettings(yaml: Self.start + line + "\n", file: "nightdrop.yaml")
        }
        #expect(error?.description == "nightdrop.yaml, " + message)
    }
}
