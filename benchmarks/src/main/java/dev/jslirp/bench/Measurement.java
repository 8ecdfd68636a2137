package dev.jslirp.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/// One line of a result file of JMH.
///
/// @param name           class, method and parameters: `TcpBenchmark.guestToHost TSO`
/// @param ns             time of one operation
/// @param errorNs        half of the 99.9 % confidence interval; not a number when there were too few iterations
/// @param bytesAllocated garbage of one operation; not a number when it was not measured
record Measurement(String name, double ns, double errorNs, double bytesAllocated) {
    /// Reads a file written with `-rf json`.
    static List<Measurement> read(Path file) throws IOException {
        List<Measurement> measurements = new ArrayList<>();
        for (JsonNode result : new JsonMapper().readTree(file.toFile())) {
            JsonNode primary = result.get("primaryMetric");
            String unit = primary.get("scoreUnit").asText();
            if (!unit.equals("ns/op")) {
                throw new IOException(file + ": " + result.get("benchmark").asText() + " is in " + unit + ", expected ns/op");
            }
            measurements.add(new Measurement(name(result), primary.get("score").asDouble(), primary.get("scoreError").asDouble(),
                    result.path("secondaryMetrics").path("gc.alloc.rate.norm").path("score").asDouble(Double.NaN)));
        }
        return measurements;
    }

    private static String name(JsonNode result) {
        String benchmark = result.get("benchmark").asText();
        int method = benchmark.lastIndexOf('.');
        StringJoiner name = new StringJoiner(" ").add(benchmark.substring(benchmark.lastIndexOf('.', method - 1) + 1));
        for (Map.Entry<String, JsonNode> parameter : result.path("params").properties()) {
            name.add(parameter.getValue().asText());
        }
        return name.toString();
    }
}
