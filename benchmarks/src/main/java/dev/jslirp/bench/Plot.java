package dev.jslirp.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// A result file as a bar chart (SVG), time on a logarithmic axis.
final class Plot {
    private static final int LABELS = 360;
    private static final int BARS = 520;
    private static final int ROW = 20;
    private static final int TOP = 40;

    private Plot() {}

    /// Draws the results in `results` to `svg`.
    static void write(Path results, Path svg) throws IOException {
        List<Measurement> measurements = Measurement.read(results);
        double longest = measurements.stream().mapToDouble(Measurement::ns).max().orElseThrow(() -> new IOException(results + " is empty"));
        int decades = (int) Math.ceil(Math.log10(longest));
        int height = TOP + ROW * measurements.size() + 10;
        StringBuilder out = new StringBuilder();
        out.append("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n"
                .formatted(LABELS + BARS + 90, height));
        out.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        out.append("<text x=\"10\" y=\"16\">nanoseconds per operation</text>\n");
        for (int decade = 0; decade <= decades; decade++) {
            int x = LABELS + BARS * decade / decades;
            out.append("<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#ccc\"/>\n".formatted(x, TOP - 6, x, height - 8));
            out.append("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#555\">%,d</text>\n"
                    .formatted(x, TOP - 10, Math.round(Math.pow(10, decade))));
        }
        for (int row = 0; row < measurements.size(); row++) {
            bar(out, measurements.get(row), TOP + ROW * row, decades);
        }
        Files.writeString(svg, out.append("</svg>\n"), StandardCharsets.UTF_8);
    }

    private static void bar(StringBuilder out, Measurement measurement, int y, int decades) {
        double width = Math.max(1, BARS * Math.log10(Math.max(1, measurement.ns())) / decades);
        out.append("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n".formatted(LABELS - 8, y + 13, measurement.name()));
        out.append(String.format(Locale.ROOT, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#4477aa\"/>\n",
                LABELS, y + 3, width, ROW - 6));
        out.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%d\" fill=\"#333\">%.1f</text>\n",
                LABELS + width + 5, y + 13, measurement.ns()));
    }
}
